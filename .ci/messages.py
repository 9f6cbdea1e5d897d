"""Judges the example `rewrite` on whole messages, by Python's email package: `.ci/messages.sh`.

LINKSEAL_MESSAGES names a folder with messages (*.eml, in folders of any depth). Without it, those of tests/messages
are taken. Each is tried as it is and with CRLF line ends, and base64 mail is made from its HTML parts.
"""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from judge import laws, mail
from judge.rewriting import Documents, Rewriting

ROOT = pathlib.Path(__file__).resolve().parent.parent
VARIABLE = "LINKSEAL_MESSAGES"
LEAST_REWRITTEN = 0.97
MOST_LISTED = 200
KEY = "5:" + "00112233445566778899aabbccddeeff" * 2
IDENTITY = ["--key", KEY, "--recipient", "rcpt-42", "--sent-at", "1790000000"]
NAMED = [*IDENTITY, "--message", "msg-1"]


def examples():
    metadata = subprocess.check_output(
        ["cargo", "metadata", "--locked", "--no-deps", "--format-version=1"], cwd=ROOT
    )
    return pathlib.Path(json.loads(metadata)["target_directory"]) / "debug" / "examples"


def corpus():
    """Returns each message by its name, also with other line ends."""
    own = ROOT / "tests" / "messages"
    folder = pathlib.Path(os.environ.get(VARIABLE) or own)
    if folder == own:
        print(f"{VARIABLE} names no folder of mail: skipped, only tests/messages are judged")
    found = {}
    for root in {own, folder}:
        for file in sorted(root.rglob("*.eml")):
            raw = file.read_bytes()
            name = str(file.relative_to(root.parent))
            found[name] = raw
            if mail.with_crlf(raw) != raw:
                found[f"{name} with CRLF"] = mail.with_crlf(raw)
    return found


def base64_mail(messages):
    """Returns mail made from the HTML parts of messages, each in every style of base64."""
    found = {}
    for name, raw in messages.items():
        for part in [] if "with CRLF" in name else mail.parts(mail.read(raw)):
            if part.is_eligible and part.decoded:
                charset = part.message.get_content_charset()
                for style in mail.BASE64:
                    found[f"{name} part {part.path} as {style}"] = mail.made(part.decoded, charset, style)
    return found


class Verdicts:
    """What was found about each message."""

    def __init__(self):
        self.faults = collections.defaultdict(list)
        self.passed = collections.Counter()

    def fault(self, law, name):
        return lambda why: self.faults[law, name].append(why)

    def count(self, law, names):
        self.passed[law] += sum((law, name) not in self.faults for name in names)

    def failed(self):
        return len(self.faults)


def judge_idle(rewriting, messages, verdicts):
    options = ["--format", "message", "--plain-text-links", *NAMED, "--no-clicks", "--no-opens"]
    outputs, _ = rewriting.run(list(messages.values()), *options)
    for (name, raw), output in zip(messages.items(), outputs):
        if raw != output:
            verdicts.fault("idle", name)("with all tracking off it is not the same bytes")
    verdicts.count("idle", messages)


def judge_tracking(rewriting, messages, verdicts, law, options):
    """Returns the reports."""
    options = ["--format", "message", *NAMED, *options]
    outputs, reports = rewriting.run(list(messages.values()), *options)
    documents = Documents()
    for (name, raw), output, report in zip(messages.items(), outputs, reports):
        judge = laws.Judge(raw, output, report, verdicts.fault(law, name))
        judge.everything(documents, NAMED)
    documents.settle(rewriting)
    verdicts.count(law, messages)
    return reports


def judge_twice(rewriting, messages, verdicts):
    options = ["--format", "message", "--plain-text-links", "--keep-markers", *NAMED]
    once, _ = rewriting.run(list(messages.values()), *options)
    twice, _ = rewriting.run(once, *options)
    for name, first, second in zip(messages, once, twice):
        if first != second:
            verdicts.fault("twice", name)("a second run changes more")
    verdicts.count("twice", messages)


def judge_ids(rewriting, verify, messages, verdicts):
    """Without a message id given, tokens carry that of the Message-ID field."""
    outputs, reports = rewriting.run(list(messages.values()), "--format", "message", *IDENTITY)
    expected = {}
    for (name, raw), output, report in zip(messages.items(), outputs, reports):
        own = mail.read(raw).get_all("Message-ID", [])
        rewritten = [part["path"] for part in report["parts"] if part["outcome"] == "rewritten"]
        parts = {part.path: part for part in mail.parts(mail.read(output))}
        if len(own) != 1 or not rewritten or rewritten[0] not in parts:
            continue
        _, found, rest = (parts[rewritten[0]].decoded or b"").partition(b"https://link.example.com/")
        if found:
            token = rest.split(b'"')[0].split(b"'")[0].split(b">")[0].decode("ascii", "replace")
            expected[name] = ("https://link.example.com/" + token, str(own[0]).strip())
    urls = "".join(url.split()[0] + "\n" for url, _ in expected.values())
    lines = subprocess.run(
        [verify, "--key", KEY], input=urls, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    for (name, (_, own)), line in zip(expected.items(), lines, strict=True):
        event = json.loads(line)
        # Without brackets it is no Message-ID by the standard, and its first word will do.
        expected_id = re.search(r"<\s*([^<>]*?)\s*>|(\S+)", own)
        if event.get("message") != (expected_id[1] or expected_id[2]):
            verdicts.fault("message id", name)(f"{event}, expected {own}")
    verdicts.count("message id", expected)


def judge_share(messages, reports, verdicts):
    """Of the HTML parts that can be rewritten nearly all are. Lists the others."""
    eligible, left = 0, []
    for (name, raw), report in zip(messages.items(), reports):
        reported = {part["path"]: part for part in report["parts"]}
        for part in mail.parts(mail.read(raw)):
            if not part.is_eligible:
                continue
            eligible += 1
            found = reported.get(part.path, {"outcome": "not in the report", "reason": None})
            # One without links and not chosen for the pixel is `unchanged`, which other laws hold against the HTML layer.
            if found["outcome"] not in ("rewritten", "unchanged"):
                left.append(f"{name}, part {part.path}: {found['outcome']}, {found['reason']}")
    share = 1 - len(left) / max(1, eligible)
    print(f"{eligible - len(left)} of {eligible} HTML parts were rewritten ({share:.1%}); the others:")
    print("".join(f"  {line}\n" for line in left[:MOST_LISTED]), end="")
    if len(left) > MOST_LISTED:
        print(f"  and {len(left) - MOST_LISTED} more")
    if share < LEAST_REWRITTEN:
        verdicts.fault("share", "all")(f"expected at least {LEAST_REWRITTEN:.0%}")
    verdicts.count("share", ["all"])


def main():
    start = time.monotonic()
    found, verdicts = corpus(), Verdicts()
    messages = found | base64_mail(found)
    print(f"{len(found)} messages, {len(messages) - len(found)} made from them")
    programs = examples()
    with tempfile.TemporaryDirectory() as folder:
        rewriting = Rewriting(programs / "rewrite", folder)
        judge_idle(rewriting, messages, verdicts)
        reports = judge_tracking(rewriting, messages, verdicts, "tracking", [])
        judge_tracking(rewriting, messages, verdicts, "plain text", ["--plain-text-links"])
        judge_twice(rewriting, messages, verdicts)
        judge_ids(rewriting, programs / "verify", messages, verdicts)
    judge_share(messages, reports, verdicts)
    outcomes = collections.Counter(
        (part["type"], part["outcome"], part["reason"]) for report in reports for part in report["parts"]
    )
    for (kind, outcome, reason), count in sorted(outcomes.items(), key=str):
        print(f"{count:6} {kind} {outcome} {reason or ''}")
    for (law, name), faults in sorted(verdicts.faults.items()):
        print(f"{law}: {name}: " + "; ".join(faults[:4]))
    for law, count in verdicts.passed.items():
        print(f"{law}: {count} passed")
    print(f"{time.monotonic() - start:.0f} s")
    print(f"{sum(verdicts.passed.values())} passed, {verdicts.failed()} failed")
    return 1 if verdicts.failed() else 0


if __name__ == "__main__":
    sys.exit(main())
