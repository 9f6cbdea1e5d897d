"""Pipes the newsletter through `rewrite`, and each tracking URL of the output through `verify`."""

import json
import pathlib
import quopri
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
METADATA = json.loads(
    subprocess.check_output(
        ["cargo", "metadata", "--locked", "--no-deps", "--format-version=1"], cwd=ROOT
    )
)
EXAMPLES = pathlib.Path(METADATA["target_directory"]) / "debug" / "examples"
NEWSLETTER = ROOT / "examples" / "newsletter.html"
KEY = "5:" + "00112233445566778899aabbccddeeff" * 2
OLD_KEY = "4:" + "ffeeddccbbaa99887766554433221100" * 2


def rewrite(*options, document=None):
    """Returns the output and the report."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder) / "report.json"
        output = subprocess.run(
            [EXAMPLES / "rewrite", "--report", report, *options],
            input=document or NEWSLETTER.read_bytes(),
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        return output.decode(), json.loads(report.read_text())


def verify(tokens, *options, status=0):
    """Returns the event, or the error, of each token."""
    result = subprocess.run(
        [EXAMPLES / "verify", *options],
        input="".join(token + "\n" for token in tokens),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert result.returncode == status, result
    return [json.loads(line) for line in result.stdout.splitlines()]


identity = ["--message", "msg-1", "--recipient", "rcpt-é", "--sent-at", "1790000000"]
output, report = rewrite("--key", KEY, "--retired-key", OLD_KEY, *identity)
urls = re.findall(r"https://link\.example\.com/[co]/[A-Za-z0-9_-]+", output)
events = verify(urls, "--key", KEY)
tracked = [link for link in report["links"] if link["outcome"] == "tracked"]
clicks = [event for event in events if event["kind"] == "click"]
opens = [event for event in events if event["kind"] == "open"]
assert len(tracked) >= 25 and len(clicks) == len(tracked), (len(tracked), len(clicks))
for link, click in zip(tracked, clicks):
    for field in ["position", "destination"]:
        assert click[field] == link[field], (link, click)
    assert click.get("name") == link["name"], (link, click)
for event in events:
    assert event["key_id"] == 5 and event["domain"] == "example.com", event
    assert event["message"] == "msg-1" and event["recipient"] == "rcpt-é", event
    assert event["sent_at"] == 1790000000, event
assert [event["placement"] for event in opens] == ["end"] and report["pixel"] == "end"
assert any(link["context"] == "conditional_comment" for link in tracked)
assert {link["element"] for link in tracked} >= {"a", "area", "v:roundrect"}
assert report["output_bytes"] == len(output.encode()) and not report["gmail_clips"]

streamed, again = rewrite(
    "--key", KEY, "--retired-key", OLD_KEY, *identity, "--chunk", "11"
)
assert (streamed, again) == (output, report)

# Sealed tokens say the same in as many characters, and nothing of it can be read.
sealed, again = rewrite("--key", KEY, "--retired-key", OLD_KEY, *identity, "--sealed")
assert len(sealed) == len(output) and again["links"] == report["links"], again
sealed_urls = re.findall(r"https://link\.example\.com/[co]/[A-Za-z0-9_-]+", sealed)
assert verify(sealed_urls, "--key", KEY) == events and not set(urls) & set(sealed_urls)

# Campaign parameters go into the tokens.
options = ["--parameter", "utm_source=news", "--parameter-host", "x.test", "--name-parameter", "utm_content"]
page = b"<a data-track-name='a b' href='https://x.test/?a#b'>1</a><a href='https://y.test/'>2</a>"
for more, count in [([], 2), (["--no-clicks", "--parameters-untracked"], 0)]:
    extended, found = rewrite("--key", KEY, *options, *more, document=page)
    destination = "https://x.test/?a&utm_source=news&utm_content=a%20b#b"
    assert found["links"][0]["destination"] == destination, found
    assert (destination.replace("&", "&amp;") in extended) == (count == 0), extended
    assert extended.count("link.example.com/c/") == count, extended

forged = urls[0][:-2] + ("AA" if not urls[0].endswith("AA") else "BB")
errors = verify([forged, "no token"], "--key", KEY, status=1)
assert [error["error"] for error in errors] == ["bad_signature", "malformed"], errors
(error,) = verify(urls[:1], "--key", OLD_KEY, status=1)
assert error == {"error": "unknown_key"}, error

untouched, _ = rewrite("--key", KEY, "--no-clicks", "--no-opens")
assert untouched == NEWSLETTER.read_text()

for options, words in [
    (["--key", "1:00"], "signing key is 1 byte, expected at least 32"),
    (["--key", KEY, "--retired-key", KEY], "key id 5 is used twice"),
    (["--tracking-host", "evilexample.com"], "is not a subdomain of the sending domain"),
    (["--charset", "utf-16"], "charset UTF-16LE is not ASCII-compatible"),
    (["--message", "x" * 1025], "message id is 1025 bytes, expected at most 1024"),
    (["--merge-tag", "[[", ""], "merge tag `[[`, `` is not usable"),
    (["--opt-out-attribute", "=never"], "opt-out attribute `` is not usable"),
    (["--opt-out-class", "a b"], "opt-out class `a b` is not usable"),
    (["--key", "99999999999:00"], "key id is not a number below 2^32"),
    (["--report", "/dev/full"], "rewrite: /dev/full: No space left on device"),
    (["--out-dir", "/dev/null/out", NEWSLETTER], "rewrite: /dev/null/out: Not a directory"),
    (["--out-dir", "/dev", ROOT / "lost"], f"rewrite: {ROOT / 'lost'}: No such file"),
]:
    result = subprocess.run(
        [EXAMPLES / "rewrite", *options], input=b"<p>", capture_output=True, check=False
    )
    assert result.returncode == 2 and words in result.stderr.decode(), result

# Output that can't be written is an error: it is closed, full, or its reader is gone.
for shell, words in [
    ('"$@" >&-', "standard output is closed, expected a place for the document"),
    ('"$@" >/dev/full', "standard output: No space left on device"),
    ('{ "$@"; echo $? >&2; } | exec true', "standard output: Broken pipe"),
]:
    for options in [[], ["--chunk", "7"]]:
        result = subprocess.run(
            ["sh", "-c", shell, "sh", EXAMPLES / "rewrite", "--key", KEY, *options],
            input=b"<p>" * 100_000,
            capture_output=True,
            check=False,
        )
        status = result.stderr.decode().splitlines()[-1] if "|" in shell else result.returncode
        assert str(status) == "2" and words in result.stderr.decode(), result
subprocess.run(["sh", "-c", '"$0" >/dev/null', EXAMPLES / "rewrite"], input=b"", check=True)

result = subprocess.run(
    [EXAMPLES / "rewrite", "--key", KEY, "--chunk", "65536"],
    input=b"<p>1</p><a href='https://x.test/' title='" + b"x" * 2**20 + b"'>",
    capture_output=True,
    check=True,
)
assert b"rewrite: standard input: over the memory limit at byte 8" in result.stderr, result

# Without --charset, a document that is not UTF-8 is read in the charset it states, unless it is a stream.
page = "<meta charset=windows-1251><a href='https://x.test/?q=тест'>тест</a>".encode("cp1251")
for options, destination, words in [
    ([], "https://x.test/?q=%F2%E5%F1%F2", "not valid UTF-8: read as windows-1251"),
    (["--charset", "koi8-r"], "https://x.test/?q=%F2%E5%F1%F2", ""),
    (["--chunk", "9"], None, ""),
]:
    result = subprocess.run(
        [EXAMPLES / "rewrite", "--key", KEY, *options],
        input=page,
        capture_output=True,
        check=True,
    )
    assert words in result.stderr.decode() and bool(words) == bool(result.stderr), result
    if destination:
        url = re.search(rb"href='([^']*)", result.stdout)[1].decode()
        assert verify([url], "--key", KEY)[0]["destination"] == destination, result

# The sender's own merge tags and markers.
dialect = ["--merge-tag", "[[", "]]", "--merge-tag", "~~{", "}", "--opt-out-class", "plain"]
dialect += ["--opt-out-attribute", "data-plain", "--opt-out-attribute", "data-count=never"]
page = b"""<a href="https://x.test/[[user]]">1</a> <a href="https://x.test/~~{a}">2</a>
<a class="button plain" href="https://x.test/">3</a> <a data-plain href="https://x.test/">4</a>
<a data-count="never" href="https://x.test/">5</a> <a data-count="all" href="https://x.test/">6</a>"""
for options, reasons in [
    (dialect, ["merge_tag", "merge_tag", "opted_out", "opted_out", "opted_out", None]),
    ([], [None] * 6),
]:
    output, report = rewrite("--key", KEY, *options, document=page)
    assert [link["reason"] for link in report["links"]] == reasons, report
    assert report["input_longest_line"] == max(map(len, page.split(b"\n"))), report
    assert report["output_longest_line"] == max(map(len, output.split("\n"))), report
keys = list(report)
assert keys[keys.index("input_bytes") :][:4] == [
    "input_bytes",
    "output_bytes",
    "input_longest_line",
    "output_longest_line",
], report

# One line of 900 bytes, which the tracking URLs would make longer than SMTP allows.
page = b'<a title="x" href="https://x.test/1">1</a><a\thref="https://x.test/2">2</a>'
page = b"<p>%s</p>" % (b"x" * 820) + page
output, report = rewrite("--key", KEY, "--line-limit", "998", document=page)
assert report["tracked"] == 2 and report["pixel"] == "end", report
assert report["output_longest_line"] <= 998 < report["output_bytes"], report

result = subprocess.run(
    [EXAMPLES / "rewrite", "--key", KEY],
    input="\ufeff<p>".encode("utf-16-le"),
    capture_output=True,
    check=True,
)
assert result.stdout == "\ufeff<p>".encode("utf-16-le"), result
assert b"starts with a UTF-16 byte order mark" in result.stderr, result

with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    pages = [folder / "one.html", folder / "two.html"]
    pages[0].write_text("<a href='https://x.test/1'>1</a>")
    pages[1].write_bytes(b"<a href='https://x.test/2'>2</a>\xfe<a href='https://x.test/\xff'>3</a>")
    subprocess.run(
        [EXAMPLES / "rewrite", "--key", KEY, "--out-dir", folder / "out", "--report"]
        + [folder / "report", *pages],
        check=True,
    )
    lines = (folder / "report").read_text().splitlines()
    assert [json.loads(line)["file"] for line in lines] == [str(page) for page in pages]
    reasons = [link["reason"] for line in lines for link in json.loads(line)["links"]]
    assert reasons == [None, None, "charset"], reasons
    for page in pages:
        rewritten = (folder / "out" / page.name).read_bytes()
        assert rewritten.startswith(b"<a href='https://link.example.com/c/"), rewritten
        assert b"\xfe" in rewritten or page is pages[0]

# Whole messages: recognised by their header, or as --format says.
MAIL = b"""From: a@example.com\r
Message-ID: <m-1@example.com>\r
MIME-Version: 1.0\r
Content-Type: text/html; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
<a href=3D"https://x.test/?a=3D1">=D1=82</a>\r
"""
TAKEN = "rewrite: standard input: begins with the header of a message: taken for one"
EXCLUDES = "can't go with --format message"
with tempfile.TemporaryDirectory() as folder:
    path = pathlib.Path(folder) / "report"
    for options, document, status, words in [
        ([], MAIL, 0, [TAKEN]),
        ([], b"From a Thu Nov 26 2026\n" + MAIL, 0, [TAKEN]),
        (["--chunk", "3"], MAIL, 0, [TAKEN, "read whole, without --chunk"]),
        (["--charset", "koi8-r"], MAIL, 0, [TAKEN, "without --charset"]),
        (["--format", "message"], MAIL, 0, []),
        (["--format", "message", "--chunk", "3"], MAIL, 2, ["--chunk " + EXCLUDES]),
        (["--format", "message", "--charset", "utf-8"], MAIL, 2, ["--charset " + EXCLUDES]),
        (["--format", "html", "--plain-text-links"], MAIL, 2, ["--plain-text-links can't go with"]),
    ]:
        result = subprocess.run(
            [EXAMPLES / "rewrite", "--key", KEY, "--report", path, *options],
            input=document,
            capture_output=True,
            check=False,
        )
        assert result.returncode == status, result
        errors = result.stderr.decode()
        assert all(word in errors for word in words) and bool(words) == bool(errors), result
        if status:
            continue
        report = json.loads(path.read_text())
        assert list(report)[:3] == ["file", "format", "parts"], report
        assert report["format"] == "message", report
        assert report["output_bytes"] == len(result.stdout), report
        (part,) = report["parts"]
        assert list(part)[:8] == [
            "path", "type", "encoding", "charset", "outcome", "reason", "links", "pixel",
        ], part
        assert (part["path"], part["outcome"], part["pixel"]) == ("1", "rewritten", "end"), part
        decoded = quopri.decodestring(result.stdout)
        assert "\u0442</a>".encode() in decoded, result
        urls = re.findall(r"https://link\.example\.com/[co]/[A-Za-z0-9_-]+", decoded.decode())
        events = verify(urls, "--key", KEY)
        assert [event["kind"] for event in events] == ["click", "open"], events
        assert {event["message"] for event in events} == {"m-1@example.com"}, events
        assert events[0]["destination"] == "https://x.test/?a=1", events

# What only looks like the beginning of a message is HTML, in chunks of any size.
page = b"From: a@example.com\n<a href='https://x.test/'>1</a>\n\n"
for options in [[], ["--chunk", "1"], ["--chunk", "99"], ["--format", "html"]]:
    _, report = rewrite("--key", KEY, *options, document=page)
    assert report["tracked"] == 1 and "format" not in report, report
_, report = rewrite("--key", KEY, "--format", "html", document=MAIL)
assert "parts" not in report, report
with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    (folder / "mail").write_bytes(MAIL)
    (folder / "page").write_bytes(page)
    command = [EXAMPLES / "rewrite", "--key", KEY, "--report", folder / "report", "--out-dir", folder / "out"]
    result = subprocess.run(
        [*command, folder / "mail", folder / "page"], capture_output=True, check=True
    )
    assert result.stderr.decode().startswith(f"rewrite: {folder / 'mail'}: begins"), result
    lines = [json.loads(line) for line in (folder / "report").read_text().splitlines()]
    assert [line.get("format") for line in lines] == ["message", None], lines
    assert (folder / "out" / "mail").read_bytes().startswith(MAIL.split(b"<a")[0])

print(f"{len(clicks)} clicks and {len(opens)} open of the newsletter verified")
