"""The laws of a rewritten message."""

import email.header
import re

from . import mail

PIXELS = {"both", "end", "placeholder", "start"}
# A token in plain text that ends in what readers may take for punctuation has a query behind it.
CLICK = re.compile(rb"https://link\.example\.com/c/[A-Za-z0-9_-]+(?:(?<=[_-])\?1)?")
ESCAPE = re.compile(rb"=([0-9A-Fa-f]{2}|\r?\n|$)")
END_OF_HEADER = re.compile(rb"\n\r?\n")
SIGNATURES = {"dkim-signature": "dkim", "arc-seal": "arc", "dkim2-signature": "dkim2"}


class Judge:
    """Judges one message; `fault` is called with each thing that is wrong."""

    def __init__(self, raw, output, report, fault):
        self.raw, self.output, self.report, self.fault = raw, output, report, fault
        self.message = mail.read(raw)
        self.before = mail.parts(self.message)
        self.after = mail.parts(mail.read(output))
        self.reported = {part["path"]: part for part in report["parts"]}
        if len(self.reported) != len(report["parts"]):
            fault("two parts of a path in the report")

    def everything(self, documents, identity):
        self.counts()
        if [part.path for part in self.before] != [part.path for part in self.after]:
            return self.fault("other parts than before")
        rewritten = []
        for before, after in zip(self.before, self.after):
            is_rewritten = self.outcome(before) == "rewritten"
            if is_rewritten and before.is_leaf:
                rewritten.append((before, after))
            self.same_part(before, after, is_rewritten)
            self.rules(before)
        known = {part.path for part in self.before if part.is_leaf}
        for path, part in self.reported.items():
            if part["outcome"] == "rewritten" and path not in known:
                self.fault(f"part {path} is rewritten, and Python knows no such part")
        self.locality()
        for before, after in rewritten:
            if before.type == "text/plain":
                self.plain_text(before, after)
        for before, after in rewritten:
            if self.reported[before.path]["encoding"] == "quoted-printable":
                self.quoted_printable(before, after)
        self.equivalence(documents, identity)

    def outcome(self, part):
        return self.reported.get(part.path, {}).get("outcome")

    def counts(self):
        report = self.report
        longest = [max(map(len, re.split(rb"\r?\n", data))) for data in (self.raw, self.output)]
        stated = [report[name] for name in ("input_bytes", "output_bytes")]
        if stated != [len(self.raw), len(self.output)]:
            self.fault(f"{stated} bytes in the report")
        stated = [report[name] for name in ("input_longest_line", "output_longest_line")]
        if stated != longest:
            self.fault(f"longest lines of {stated} in the report, expected {longest}")
        pixels = [part for part in report["parts"] if part.get("pixel") in PIXELS]
        if len(pixels) > 1:
            self.fault(f"{len(pixels)} parts have a pixel")
        names = {name.lower() for name in self.message.keys()}
        signed = {word for field, word in SIGNATURES.items() if field in names}
        # A line of blanks before the header may be taken for its end.
        if self.raw[:1].isspace():
            return
        if signed != set(report.get("signatures", [])) & set(SIGNATURES.values()):
            self.fault(f"{report.get('signatures')} signatures in the report, expected {signed}")

    def same_part(self, before, after, is_rewritten):
        for what, old, new in [
            ("type", before.type, after.type),
            ("header fields", before.fields, after.fields),
            ("preamble", before.message.preamble, after.message.preamble),
            ("epilogue", before.message.epilogue, after.message.epilogue),
        ]:
            if old != new:
                self.fault(f"part {before.path}: another {what}: {new!r}, expected {old!r}")
        if before.is_leaf != after.is_leaf:
            self.fault(f"part {before.path} has parts, or has them no more")
        elif before.is_leaf and not is_rewritten and before.raw != after.raw:
            self.fault(f"part {before.path} changed and is not reported as rewritten")

    def rules(self, part):
        reported = self.reported.get(part.path)
        if not part.kept or not reported or not part.is_leaf:
            return
        if reported["outcome"] != "skipped":
            self.fault(f"part {part.path} is {reported['outcome']}, expected it to stay: {part.kept}")
        # Where a header is not believed, what it says of its part is not the reason.
        elif reported["reason"] not in (part.kept, "ambiguous", "limit") and (
            reported["reason"] != "type" or part.type in ("text/html", "text/plain")
        ):
            self.fault(f"part {part.path} stays for {reported['reason']}, expected {part.kept}")

    def locality(self):
        """The output is the input with other bytes in the place of the parts that were rewritten."""
        expected, at = [], 0
        for before, after in zip(self.before, self.after):
            if not before.is_leaf:
                continue
            # Behind the parts before it and its own header: the same bytes may stand there, too.
            head = self.raw.find(self.head_of(before), at)
            end = END_OF_HEADER.search(self.raw, max(head, at))
            start = self.raw.find(before.raw, end.end() if end else at)
            is_rewritten = self.outcome(before) == "rewritten"
            if start < 0 and is_rewritten:
                return self.fault(f"part {before.path} is not found in the message")
            if start < 0:
                continue
            expected += [self.raw[at:start], after.raw if is_rewritten else before.raw]
            at = start + len(before.raw)
        expected.append(self.raw[at:])
        if b"".join(expected) != self.output:
            self.fault("other bytes changed than those of the parts that were rewritten")

    @staticmethod
    def head_of(part):
        """Returns the last field of a part, which stands before its body."""
        name, value = part.fields[-1] if part.fields else ("", "")
        return str(value).encode("utf-8", "surrogateescape")

    def quoted_printable(self, before, after):
        old, new = before.raw.split(b"\n"), after.raw.split(b"\n")
        limit = max(76, *(len(line.rstrip(b"\r")) for line in old))
        kept = set(old)
        for line in (line.rstrip(b"\r") for line in new if line not in kept):
            if len(line) > limit:
                self.fault(f"part {before.path}: a line of {len(line)} bytes: {line!r}")
            if line.endswith((b" ", b"\t")) and not any(it.rstrip(b"\r").endswith((b" ", b"\t")) for it in old):
                self.fault(f"part {before.path}: a line ends in white space: {line!r}")
        wrong = [data.count(b"=") - len(ESCAPE.findall(data)) for data in (before.raw, after.raw)]
        if wrong[1] > wrong[0]:
            self.fault(f"part {before.path}: {wrong[1]} broken escapes, expected {wrong[0]}")

    def plain_text(self, before, after):
        """With each tracking URL put back to what it was, the text is as before."""
        links = self.reported[before.path]["links"]
        originals = iter([link["original"] for link in links if link["outcome"] == "tracked"])
        undone = CLICK.sub(lambda _: next(originals, "").encode(), after.decoded)
        texts = [before.decoded, undone]
        if "delsp" in str(before.message.get("Content-Type")).lower():
            # A URL may have gone on behind a line's end, which went with it.
            texts = [re.sub(rb"\s", b"", text) for text in texts]
        if texts[0] != texts[1] or next(originals, None) is not None:
            self.fault(f"part {before.path} is {undone!r} with its links put back")

    def equivalence(self, documents, identity):
        after = {part.path: part for part in self.after}
        for part in self.before:
            reported = self.reported.get(part.path)
            if not (reported and part.is_leaf and reported["type"] == "text/html"):
                continue
            if reported["outcome"] in ("rewritten", "unchanged"):
                options = [*identity, *self.options(reported)]
                documents.ask(part.decoded, options, self.answer(part.path, after[part.path].decoded))

    def answer(self, path, decoded):
        def compare(expected):
            if expected == decoded:
                return
            at = next((at for at, (a, b) in enumerate(zip(expected, decoded)) if a != b), -1)
            shown = [data[max(0, at - 40) : at + 60] if at >= 0 else data[-60:] for data in (decoded, expected)]
            self.fault(f"part {path} decodes to {shown[0]!r} at {at}, expected {shown[1]!r}")

        return compare

    def options(self, reported):
        """Returns what makes the HTML layer rewrite a part as the message's part."""
        options = []
        if reported["charset"] not in (None, "us-ascii"):
            options += ["--charset", reported["charset"]]
        if reported["encoding"] in ("7bit", "8bit"):
            options += ["--line-limit", "998"]
        if reported.get("pixel") in (None, "off"):
            options.append("--no-opens")
        for url in unsubscribe_urls(self.message):
            options += ["--unsubscribe-url", url]
        return options


def unsubscribe_urls(message):
    """Returns the URLs of List-Unsubscribe, also where the field is wrongly an encoded word."""
    urls = []
    for value in message.get_all("List-Unsubscribe", []):
        words = email.header.decode_header(str(value))
        texts = [word.decode(charset or "latin-1", "replace") if isinstance(word, bytes) else word for word, charset in words]
        urls += re.findall(r"<\s*(https?:[^>]*?)\s*>", re.sub(r"[\r\n\t]", "", "".join(texts)))
    return sorted(set(url.replace(" ", "") for url in urls))
