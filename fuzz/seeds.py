"""Writes the seeds of each fuzz target to fuzz/corpus: the test cases, the newsletter, messages, the token vectors,
and the inputs that the repository keeps. Each goes with a few choices of settings.

    python3 fuzz/seeds.py
"""

import ast
import base64
import hashlib
import json
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORPUS = ROOT / "fuzz" / "corpus"
# How many bytes after the document choose settings, sizes, and the like.
CHOICES = {"charset": 3, "conditional_comment": 1, "rewrite": 1, "split": 4, "template": 1}


def documents():
    for name in ["links.json", "pixels.json"]:
        for case in json.loads((ROOT / "tests" / "cases" / name).read_text()):
            yield case["html"].encode()
    yield (ROOT / "examples" / "newsletter.html").read_bytes()


def tokens():
    vectors = json.loads((ROOT / "tests" / "vectors" / "tokens.json").read_text())
    for vector in vectors["valid"] + vectors["refused"]:
        yield b"\0" + vector["token"].encode()
    for vector in vectors["valid"]:
        token = vector["token"]
        yield b"\1" + base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))[:-16]
    yield b"\2" + "/p?q=1 name msg-7f3a rcpt-42 é".encode() * 4


def write(target, seed):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / hashlib.sha1(seed).hexdigest()).write_bytes(seed)


for document in documents():
    for target, choices in CHOICES.items():
        for choice in [0, 2, 5, 7, 8]:
            write(target, document + bytes([choice]) * choices)
for seed in tokens():
    write("verify", seed)
for file in sorted((ROOT / "tests" / "messages").glob("*.eml")):
    for choice in [0, 2, 5, 7]:
        write("message", file.read_bytes() + bytes([0, choice]))
# A document of `structured` and a message are built from such bytes.
for length in [16, 64, 256]:
    for start in range(8):
        choices = bytes((start * 31 + at * at * 7) % 256 for at in range(length))
        write("structured", choices)
        write("message", choices + bytes([1, start]))
for finding in sorted((ROOT / "tests" / "replay").glob("*/*")):
    write(finding.parent.name, finding.read_bytes())
for kept in sorted((ROOT / "tests" / "replay").glob("*.txt")):
    for line in kept.read_text().splitlines():
        write(kept.stem, ast.literal_eval(f'b"{line}"'))
