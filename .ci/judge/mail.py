"""Messages as Python's email package reads them, and base64 mail that is made from them."""

import base64
import email
import re

CODES = {"quoted-printable", "base64", "7bit", "8bit", "binary"}
# What each label stands for in Python decides nothing here: these are labels that mail is written with, and that the
# Encoding Standard has and extends ASCII.
CHARSETS = re.compile(
    r"utf-?8|(us-)?ascii|(iso-?8859-?|windows-125|cp125)\d+|koi8-[ru]|euc-(kr|jp)|big5|gb2312|gbk|gb18030|shift[-_]jis"
)


class Part:
    """A part, with the path that a report gives it and why it must not be touched, if it must not."""

    def __init__(self, message, path, kept):
        self.message = message
        self.path = path
        self.kept = kept

    @property
    def raw(self):
        """Returns the bytes of a part that has no parts."""
        return self.message._payload.encode("utf-8", "surrogateescape")

    @property
    def decoded(self):
        return self.message.get_payload(decode=True)

    @property
    def fields(self):
        return list(self.message.raw_items())

    @property
    def type(self):
        return self.message.get_content_type()

    @property
    def is_leaf(self):
        return isinstance(self.message._payload, str)

    def values(self, name):
        return [str(value).strip().lower() for value in self.message.get_all(name, [])]

    @property
    def encoding(self):
        """Returns the transfer encoding, if one that is known is stated once, or none."""
        stated = self.values("Content-Transfer-Encoding") or ["7bit"]
        return stated[0] if len(stated) == 1 and stated[0] in CODES else None

    @property
    def has_known_charset(self):
        charset = self.message.get_param("charset")
        if charset is None:
            return True
        return isinstance(charset, str) and bool(CHARSETS.fullmatch(charset.strip().lower()))

    @property
    def is_eligible(self):
        """Whether an HTML part must be rewritten, where its range is certain."""
        return (
            self.type == "text/html"
            and self.is_leaf
            and self.kept is None
            and bool(self.raw)
            and len(self.values("Content-Type")) <= 1
            and self.encoding is not None
            and self.has_known_charset
        )


def read(raw):
    return email.message_from_bytes(raw)


def parts(message, path="", kept=None):
    """Returns all parts with their paths, depth first, those of a message in the message too."""
    kept = kept or must_stay(message)
    if not isinstance(message._payload, list):
        return [Part(message, path or "1", kept)]
    found = [Part(message, path, kept)]
    for number, child in enumerate(message._payload, 1):
        found += parts(child, f"{path}.{number}" if path else f"{number}", kept)
    return found


def must_stay(message):
    """Returns why a part and all in it must go out as it came."""
    kind = message.get_content_type()
    for reason, kinds in {
        "signed": ["multipart/signed"],
        "encrypted": ["multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"],
        "report": ["multipart/report"],
        "calendar": ["text/calendar"],
        "amp": ["text/x-amp-html"],
    }.items():
        if kind in kinds:
            return reason
    if kind.startswith("message/"):
        return "message"
    # Python gives no disposition for an empty field.
    disposition = message.get_content_disposition()
    if disposition not in (None, "", "inline"):
        return "attachment"
    return "content_md5" if "Content-MD5" in message else None


def with_crlf(raw):
    return re.sub(rb"\r?\n", b"\r\n", raw)


def folded(data, width, end):
    text = base64.b64encode(data)
    return b"".join(text[at : at + width] + end for at in range(0, len(text), width))


# As the mail of Django and Python, of Outlook, of PHP's `chunk_split`, and of who folds nothing.
BASE64 = {
    "python": (b"\n", lambda data: folded(data, 76, b"\n")),
    "outlook": (b"\r\n", lambda data: folded(data, 76, b"\r\n")),
    "php": (b"\n", lambda data: folded(data, 76, b"\r\n")),
    "unfolded": (b"\n", base64.b64encode),
}


def made(html, charset, style):
    """Returns a message with the HTML in base64, alone or as the alternative to a text."""
    end, encode = BASE64[style]
    field = b'text/html; charset="%s"' % charset.encode("ascii", "replace") if charset else b"text/html"
    head = [b"From: a@example.com", b"Message-ID: <made-%d@example.com>" % len(html), b"MIME-Version: 1.0"]
    part = [b"Content-Type: " + field, b"Content-Transfer-Encoding: base64", b"", encode(html)]
    if style in ("php", "unfolded"):
        return end.join(head + part)
    lines = head + [b'Content-Type: multipart/alternative; boundary="=_made"', b""]
    lines += [b"--=_made", b"Content-Type: text/plain", b"", b"Hello", b"--=_made", *part, b"--=_made--", b""]
    return end.join(lines)
