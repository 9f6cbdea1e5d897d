#!/usr/bin/env python3
"""Makes tags.json: right tags, and all the ways in which a tag can be nearly right.

Follows docs/token-format.md and shares nothing with the crate. Every row states its verdict by hand, and
the reader below, another implementation, must come to the same one.

    python3 tests/vectors/make_tags.py            writes tags.json beside this file
    python3 tests/vectors/make_tags.py --check    fails when tags.json is not what it would write
"""

import base64
import hashlib
import hmac
import json
import pathlib
import string
import struct
import sys

TAG = 16
TEXT = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
MALFORMED, BAD, VERSION, UNKNOWN = "malformed", "bad_signature", "unsupported_version", "unknown_key"

NOTES = {
    "Valid": "A right tag in its right place.",
    "EquivalentKey": "Another key that HMAC can't tell from the right one (RFC 2104, section 2).",
    "TruncatedTag": "A tag of fewer than 16 bytes; readers that take its length from the token accept it.",
    "ExtendedTag": "A tag of more than 16 bytes.",
    "PaddedTag": "A tag that is right at its start and filled up to 16 bytes.",
    "MovedBytes": "Bytes moved over the border between payload and tag, or the tag in another place.",
    "WrongPart": "16 bytes of the right HMAC, but not its first 16 in their order.",
    "ModifiedTag": "A right tag with some bits changed.",
    "ConstantTag": "A tag that depends on nothing.",
    "WrongMessage": "The right key over another message.",
    "WrongContext": "The right key and payload with another context, or with none.",
    "WrongKey": "The right message with another key, or with the key prepared in another way.",
    "WrongHash": "HMAC with another hash function, or the right hash function without HMAC.",
    "LengthExtension": "A payload that was extended without the key, as Merkle-Damgard hashes allow.",
    "WrongHeader": "A right tag over a payload of another version or with another key id.",
    "Spelling": "The bytes of a right token in a text that is not canonical unpadded base64url.",
}


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def field(data):
    return varint(len(data)) + data


def context(domain):
    return b"linkseal/1\0" + field(domain.encode())


def mac(key, message, hash_name="sha256"):
    return hmac.new(key, message, hash_name).digest()


def encode(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def click(key_id, rest=b"example.org/", message=b"m1", header=0x11):
    return (
        bytes([header]) + varint(key_id) + varint(0) + field(b"cta") + field(b"\1" + rest)
        + varint(1790000000) + field(message) + field(b"r1")
    )


def opened(key_id):
    return b"\x12" + varint(key_id) + b"\0" + varint(0) + field(b"") + field(b"")


def verdict(token, key, key_id, domain):
    """Rules 1 to 5 of the format; the payloads here break no rule that comes later."""
    if not token or len(token) > 8192 or set(token) - set(TEXT) or len(token) % 4 == 1:
        return MALFORMED
    data = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    if encode(data) != token:
        return MALFORMED
    # Version 2 has no tag: no row here is of it.
    if data[0] >> 4 != 1:
        return VERSION
    payload, tag = data[:-TAG], data[-TAG:]
    if len(data) < TAG + 3:
        return MALFORMED
    named, shift = 0, 0
    for at, byte in enumerate(payload[1:]):
        named |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            if (at and not byte) or named >> 32:
                return MALFORMED
            break
    else:
        return MALFORMED
    if named != key_id:
        return UNKNOWN
    right = mac(key, context(domain) + payload)[:TAG]
    return None if hmac.compare_digest(right, tag) else BAD


class Group:
    def __init__(self, key, key_id, domain):
        self.key, self.key_id, self.domain, self.rows = key, key_id, domain, []

    def sign(self, payload):
        return mac(self.key, context(self.domain) + payload)

    def add(self, flag, comment, payload, tag, error=BAD, token=None):
        token = encode(payload + tag) if token is None else token
        found = verdict(token, self.key, self.key_id, self.domain)
        assert found == error, f"{comment}: stated {error}, read {found}"
        row = {"comment": comment, "flags": [flag], "msg": payload.hex(), "tag": tag.hex(), "token": token}
        row["result"] = "invalid" if error else "valid"
        if error:
            row["error"] = error
        self.rows.append(row)


def lengths(group):
    """Tags of every length but the right one."""
    for name, payload in (("click", click(1)), ("open", opened(1))):
        full = group.sign(payload)
        group.add("Valid", f"{name}, tag of 16 bytes", payload, full[:TAG], None)
        for size in [*range(TAG), *range(TAG + 1, 33)]:
            flag = "TruncatedTag" if size < TAG else "ExtendedTag"
            error = MALFORMED if len(payload) + size < TAG + 3 else BAD
            group.add(flag, f"{name}, tag of {size} bytes", payload, full[:size], error)
    payload = click(1)
    full = group.sign(payload)
    for size in range(TAG):
        for fill in (b"\0", b"\xff"):
            tag = full[:size] + fill * (TAG - size)
            group.add("PaddedTag", f"{size} bytes right, the rest {fill.hex()}", payload, tag)
        group.add("PaddedTag", f"{size} bytes right, at the end", payload, bytes(TAG - size) + full[TAG - size:TAG])
    for size in (1, 8, 16, 48):
        group.add("ExtendedTag", f"{size} zero bytes behind the tag", payload, full[:TAG] + bytes(size))
    group.add("ExtendedTag", "the tag twice", payload, full[:TAG] * 2)


def moved(group):
    payload = click(1)
    full = group.sign(payload)
    for size in range(1, TAG + 1):
        head, tail = payload[:-size], payload[-size:]
        group.add("MovedBytes", f"tag before the last {size} bytes", head, group.sign(payload)[:TAG] + tail)
        group.add("MovedBytes", f"last {size} bytes of the payload left out", head, full[:TAG])
        group.add("MovedBytes", f"{size} bytes of the tag signed too", payload, group.sign(payload + full[:size])[:TAG])
    group.add("MovedBytes", "tag in front", full[:TAG], payload, VERSION)
    group.add("MovedBytes", "tag behind the header", payload[:2] + full[:TAG], payload[2:])
    for flag, comment, tag in (
        ("WrongPart", "last 16 bytes", full[-TAG:]),
        ("WrongPart", "16 bytes from the middle", full[8:24]),
        ("WrongPart", "first 16 bytes in reverse", full[:TAG][::-1]),
        ("WrongPart", "halves of the tag swapped", full[8:TAG] + full[:8]),
        ("WrongPart", "words in the other byte order", b"".join(full[at:at + 4][::-1] for at in range(0, TAG, 4))),
        ("WrongPart", "halves of the HMAC added up", bytes(a ^ b for a, b in zip(full[:TAG], full[TAG:]))),
        ("WrongPart", "first 16 hexadecimal digits", full.hex()[:TAG].encode()),
        ("ConstantTag", "all zero", bytes(TAG)),
        ("ConstantTag", "all ff", b"\xff" * TAG),
        ("ConstantTag", "counting", bytes(range(TAG))),
        ("ConstantTag", "the payload's last bytes", payload[-TAG:]),
    ):
        group.add(flag, comment, payload, tag)
    changes = [(f"bit {bit} flipped", 1 << bit) for bit in range(8 * TAG)]
    changes += [(f"byte {at} inverted", 0xFF << 8 * at) for at in range(TAG)]
    changes += [("all bits inverted", 2 ** 128 - 1), ("first bit of both halves flipped", 1 | 1 << 64)]
    for comment, change in changes:
        tag = int.from_bytes(full[:TAG], "little") ^ change
        group.add("ModifiedTag", comment, payload, tag.to_bytes(TAG, "little"))


def messages(group):
    payload, here = click(1), context(group.domain)
    for comment, message in (
        ("nothing", b""),
        ("the context alone", here),
        ("the header alone", here + payload[:1]),
        ("the payload of an open", here + opened(1)),
        ("another destination", here + click(1, rest=b"example.net/")),
        ("another message id", here + click(1, message=b"m2")),
        ("the payload as base64url", here + encode(payload).encode()),
        ("the payload twice", here + payload + payload),
        ("the payload and a zero byte", here + payload + b"\0"),
        ("the payload behind its length", here + field(payload)),
        ("the hashed payload", here + hashlib.sha256(payload).digest()),
    ):
        group.add("WrongMessage", comment, payload, mac(group.key, message)[:TAG])
    name = group.domain.encode()
    for comment, other in (
        ("no context", b""),
        ("no version", field(name)),
        ("no domain", b"linkseal/1\0"),
        ("an empty domain", context("")),
        ("no length", b"linkseal/1\0" + name),
        ("no zero byte", b"linkseal/1" + field(name)),
        ("a zero byte in place of the length", b"linkseal/1\0" + name + b"\0"),
        ("a length of four bytes", b"linkseal/1\0" + struct.pack(">I", len(name)) + name),
        ("a length that is not minimal", b"linkseal/1\0" + bytes([len(name) | 0x80, 0]) + name),
        ("version 2", b"linkseal/2\0" + field(name)),
        ("another domain", context("example.net")),
        ("a subdomain", context("www." + group.domain)),
        ("the domain above", context("com")),
        ("upper case", context(group.domain.upper())),
        ("a final dot", context(group.domain + ".")),
        ("one letter less", context(group.domain[:-1])),
        ("a length that takes in the payload's first byte", b"linkseal/1\0" + varint(len(name) + 1) + name),
        ("a length that leaves the last letter to the payload", b"linkseal/1\0" + varint(len(name) - 1) + name),
    ):
        group.add("WrongContext", comment, payload, mac(group.key, other + payload)[:TAG])
    group.add("WrongContext", "context behind the payload", payload, mac(group.key, payload + here)[:TAG])
    longer = group.domain[-1:].encode() + payload
    signed = mac(group.key, context(group.domain[:-1]) + longer)[:TAG]
    group.add("WrongContext", "letter of the domain in the payload", longer, signed, VERSION)
    for comment, other, error in (
        ("version 0", click(1, header=0x01), VERSION),
        ("version 3", click(1, header=0x31), VERSION),
        ("version 15", click(1, header=0xF1), VERSION),
        ("key id 0", click(0), UNKNOWN),
        ("key id 2", click(2), UNKNOWN),
        ("key id of 32 bits", click(2 ** 32 - 1), UNKNOWN),
        ("key id of 33 bits", click(2 ** 32), MALFORMED),
        ("key id that is not minimal", b"\x11\x81\x00" + payload[2:], MALFORMED),
    ):
        group.add("WrongHeader", comment, other, group.sign(other)[:TAG], error)


def keys(group):
    payload = click(group.key_id)
    message = context(group.domain) + payload
    tag = group.sign(payload)[:TAG]
    block, size = 64, len(group.key)
    group.add("Valid", f"key of {size} bytes", payload, tag, None)

    def other(comment, key):
        if key == group.key:
            return
        made = mac(key, message)[:TAG]
        same = made == tag
        group.add("EquivalentKey" if same else "WrongKey", comment, payload, made, None if same else BAD)

    other("key with a zero byte behind it", group.key + b"\0")
    other("key filled with zeros to a block", group.key.ljust(block, b"\0"))
    other("key filled with zeros over a block", group.key.ljust(block, b"\0") + b"\0")
    other("key hashed once more", hashlib.sha256(group.key).digest())
    other("key cut to 64 bytes", group.key[:block])
    other("key cut to 32 bytes", group.key[:32])
    other("key cut to 16 bytes", group.key[:16])
    other("key without its first byte", group.key[1:])
    other("key in reverse", group.key[::-1])
    other("key as hexadecimal digits", group.key.hex().encode())
    other("key twice", group.key * 2)
    other("key with a bit flipped", bytes([group.key[0] ^ 1]) + group.key[1:])
    other("empty key", b"")
    other("key of zeros", bytes(size))
    other("key of the domain's name", group.domain.encode())


def compress(state, block):
    """SHA-256's compression (FIPS 180-4, section 6.2.2)."""
    mask = 2 ** 32 - 1
    def turn(x, n): return (x >> n | x << 32 - n) & mask
    w = list(struct.unpack(">16I", block))
    for t in range(16, 64):
        a, b = w[t - 15], w[t - 2]
        s0, s1 = turn(a, 7) ^ turn(a, 18) ^ a >> 3, turn(b, 17) ^ turn(b, 19) ^ b >> 10
        w.append(w[t - 16] + s0 + w[t - 7] + s1 & mask)
    a, b, c, d, e, f, g, h = state
    for t in range(64):
        s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)
        one = h + s1 + (e & f ^ ~e & g) + CONSTANTS[t] + w[t] & mask
        two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + (a & b ^ a & c ^ b & c) & mask
        a, b, c, d, e, f, g, h = one + two & mask, a, b, c, d + one & mask, e, f, g
    return [x + y & mask for x, y in zip(state, (a, b, c, d, e, f, g, h))]


def cube_root_bits(prime):
    low, high = 0, 2 ** 40
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (middle, high) if middle ** 3 <= prime << 96 else (low, middle)
    return low & 2 ** 32 - 1


PRIMES = [n for n in range(2, 312) if all(n % d for d in range(2, n))]
CONSTANTS = [cube_root_bits(prime) for prime in PRIMES]


def padding(size):
    return b"\x80" + bytes((55 - size) % 64) + struct.pack(">Q", 8 * size)


def extend(digest, size, more):
    """The hash of `old || padding || more`, of the hash of `old`, which was `size` bytes."""
    glue = padding(size)
    tail = more + padding(size + len(glue) + len(more))
    state = list(struct.unpack(">8I", digest))
    for at in range(0, len(tail), 64):
        state = compress(state, tail[at:at + 64])
    return glue, struct.pack(">8I", *state)


def hashes(group):
    payload = click(1)
    message = context(group.domain) + payload
    for name in ("md5", "sha1", "sha224", "sha384", "sha512", "sha3_256", "blake2s", "blake2b"):
        group.add("WrongHash", f"HMAC with {name}", payload, mac(group.key, message, name)[:TAG])
    digest = hashlib.sha256(group.key + message).digest()
    for comment, data in (
        ("hash of secret and message", group.key + message),
        ("hash of message and secret", message + group.key),
        ("hash of secret, message and secret", group.key + message + group.key),
        ("hash of the message", message),
        ("hash of the payload", payload),
        ("hash of the hash of secret and message", digest),
        ("inner hash of HMAC", bytes(byte ^ 0x36 for byte in group.key.ljust(64, b"\0")) + message),
    ):
        group.add("WrongHash", comment, payload, hashlib.sha256(data).digest()[:TAG])
    for length in (1, 64):
        more = b"x" * length
        glue, forged = extend(digest, len(group.key + message), more)
        assert forged == hashlib.sha256(group.key + message + glue + more).digest()
        comment = f"hash of secret and message, extended by {length} bytes"
        group.add("LengthExtension", comment, payload + glue + more, forged[:TAG])
        glue, forged = extend(group.sign(payload), 64 + len(message), more)
        comment = f"HMAC taken for such a hash, extended by {length} bytes"
        group.add("LengthExtension", comment, payload + glue + more, forged[:TAG])


def spellings(group):
    for rest in (b"example.org/", b"example.org/a", b"example.org/ab"):
        payload = click(1, rest=rest)
        tag = group.sign(payload)[:TAG]
        right = encode(payload + tag)
        group.add("Valid", f"{len(payload + tag) % 3} bytes over groups of three", payload, tag, None)
        padded = right + "=" * (-len(right) % 4)
        spare = [sign for sign in TEXT if base64.urlsafe_b64decode(padded) ==
                 base64.urlsafe_b64decode(right[:-1] + sign + padded[len(right):])]
        texts = {f"last character {sign}": right[:-1] + sign for sign in spare if sign != right[-1]}
        texts |= {f"{count} signs of padding": right + "=" * count for count in (1, 2, 3, 4)}
        for name, sign in (("space", " "), ("tab", "\t"), ("line feed", "\n"), ("CR LF", "\r\n"), ("NUL", "\0"),
                           ("byte order mark", "\ufeff"), ("zero width space", "\u200b"), ("soft break", "=\r\n"),
                           ("percent sign", "%"), ("full stop", "."), ("slash", "/")):
            texts |= {f"{name} in front": sign + right, f"{name} inside": right[:40] + sign + right[40:],
                      f"{name} behind": right + sign}
        texts |= {
            "standard alphabet": right.replace("-", "+").replace("_", "/"),
            "percent-encoded first character": f"%{ord(right[0]):02x}{right[1:]}",
            "full-width first character": chr(ord(right[0]) + 0xFEE0) + right[1:],
            "in quotes": f'"{right}"',
            "twice, with padding between": padded + ("" if padded != right else "=") + right,
        }
        if len(right) % 4 == 0:
            texts["one character more"] = right + "A"
        for comment, text in texts.items():
            if text != right:
                group.add("Spelling", comment, payload, tag, MALFORMED, text)


def make():
    secret = bytes(range(32))
    main = Group(secret, 1, "example.com")
    for part in (lengths, moved, messages, hashes, spellings):
        part(main)
    groups = [main]
    for key_id, size in enumerate((32, 33, 63, 64, 65, 100), 10):
        group = Group(hashlib.shake_256(b"key %d" % size).digest(size), key_id, "example.com")
        keys(group)
        groups.append(group)
    label = "a" * 60
    long = Group(secret, 1, f"{label}.{label}.{label}.example")
    payload, name = click(1), long.domain.encode()
    long.add("Valid", "domain whose length takes two bytes", payload, long.sign(payload)[:TAG], None)
    for comment, length in (("one byte", bytes([len(name)])), ("two bytes, the high one first", struct.pack(">H", len(name))),
                            ("two bytes, the low one first", struct.pack("<H", len(name)))):
        tag = mac(secret, b"linkseal/1\0" + length + name + payload)[:TAG]
        long.add("WrongContext", f"length of the domain in {comment}", payload, tag)
    groups.append(long)
    return document(groups)


def document(groups):
    """Keeps a row on a line, so that a difference shows which rows changed."""
    number, shown, rows = 0, [], {}
    for group in groups:
        places = []
        for row in group.rows:
            number += 1
            place = f"row {number}"
            places.append(place)
            rows[f'"{place}"'] = json.dumps({"tcId": number} | row)
        shown.append({
            "type": "LinksealTag", "keySize": 8 * len(group.key), "tagSize": 8 * TAG, "keyId": group.key_id,
            "key": group.key.hex(), "domain": group.domain, "tests": places,
        })
    used = {flag for group in groups for row in group.rows for flag in row["flags"]}
    assert used == set(NOTES), used ^ set(NOTES)
    text = json.dumps({
        "algorithm": "HMACSHA256", "schema": "linkseal_tag", "numberOfTests": number,
        "header": ["Made by make_tags.py. A token is base64url(msg || tag), but for the flag Spelling."],
        "notes": NOTES, "testGroups": shown,
    }, indent=1)
    out = []
    for line in text.splitlines():
        place = line.strip().rstrip(",")
        out.append(line.replace(place, rows[place]) if place in rows else line)
    return "\n".join(out) + "\n"


def main():
    path = pathlib.Path(__file__).with_name("tags.json")
    made = make()
    if sys.argv[1:] == ["--check"]:
        if path.read_text(encoding="ascii") != made:
            sys.exit(f"{path} is not what {__file__} makes")
    elif sys.argv[1:]:
        sys.exit(__doc__)
    else:
        path.write_text(made, encoding="ascii")


if __name__ == "__main__":
    main()
