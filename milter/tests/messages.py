"""The messages that are sent, as Postfix takes them."""

import os
import pathlib
import re

from mail_system import DOMAIN

HERE = pathlib.Path(__file__).resolve().parent
# A field or a continuation (RFC 5322 §2.2).
HEADER_LINE = re.compile(rb"[!-9;-~]+[ \t]*:|[ \t]")


def split(message):
    """Returns header and body."""
    header, _, body = message.partition(b"\r\n\r\n")
    return header + b"\r\n", body


def as_postfix_reads_it(text):
    """Ends the header where Postfix does: before the first line that can't be in one."""
    lines = text.splitlines(keepends=True)
    end = next((at for at, line in enumerate(lines) if not HEADER_LINE.match(line)), len(lines))
    header = re.sub(rb"(?m)^([!-9;-~]+)[ \t]+:", rb"\1:", b"".join(lines[:end]))
    has_blank_line = lines[end : end + 1] == [b"\r\n"]
    return header, b"".join(lines[end + has_blank_line :])


def prepared(raw, case):
    """Gives a message CRLF line endings, the configured sending domain, and a name to find it by."""
    text = re.sub(rb"\r*\n", b"\r\n", raw)
    text = re.sub(rb"\A(?:(?:From |[ \t]).*\r\n)*", b"", text)
    header, body = as_postfix_reads_it(text)
    header = re.sub(rb"(?im)^(?:from|x-case)[ \t]*:.*\r\n(?:[ \t].*\r\n)*", b"", header)
    added = f"X-Case: {case}\r\nFrom: News <news@{DOMAIN}>\r\n".encode()
    if not re.search(rb"(?im)^message-id[ \t]*:", header):
        added += f"Message-ID: <{case}@{DOMAIN}>\r\n".encode()
    # Postfix adds them to mail that lacks them, behind the other fields.
    if not re.search(rb"(?im)^date[ \t]*:", header):
        added += b"Date: Thu, 26 Nov 2026 10:00:00 +0000\r\n"
    if not body.endswith(b"\r\n"):
        body += b"\r\n"
    return added + header + b"\r\n" + body


def with_line_ending(body):
    """SMTP ends each line, also that of a pixel behind the end of a document."""
    return body if body.endswith(b"\r\n") else body + b"\r\n"


def written(name):
    """Returns a message from the folder of messages beside this file."""
    return prepared((HERE / "messages" / name).read_bytes(), name.removesuffix(".eml"))


def renamed(message, case):
    return re.sub(rb"X-Case: .*\r\n", f"X-Case: {case}\r\n".encode(), message, count=1)


def sample():
    folder = pathlib.Path(os.environ.get("LINKSEAL_MESSAGES") or HERE / "messages")
    files = sorted(folder.rglob("*.eml"))
    assert files, f"{folder} holds no messages, expected files that end in .eml"
    return {f"sample-{number}": prepared(file.read_bytes(), f"sample-{number}") for number, file in enumerate(files)}
