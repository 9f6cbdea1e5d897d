"""Keeps what fuzzing has found worth trying: the inputs of `fuzz/corpus` that reach code that no other reaches
become `tests/replay/<target>.txt`, one a line, as Rust and Python write byte strings.

    python3 fuzz/keep.py [TARGET ...]

Needs what `fuzz/run` needs, and the targets that it has built.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILDS = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "fuzz"
# So that the tests stay quick and the files readable.
MAX_BYTES = 400
MAX_INPUTS = 200
# A merge takes time for each. Files are named by hashes, so the first are a random choice.
MAX_TRIED = 2500
PLAIN = {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 39: "\\'", 92: "\\\\"}


def escaped(data):
    return "".join(PLAIN.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}") for byte in data)


def cover(target):
    """Returns a small set of inputs that together reach what all inputs reach, the shortest first."""
    [program] = BUILDS.glob(f"*/release/{target}")
    with tempfile.TemporaryDirectory() as tried, tempfile.TemporaryDirectory() as kept:
        corpus = sorted((ROOT / "fuzz" / "corpus" / target).iterdir())
        short = [file for file in corpus if file.stat().st_size <= MAX_BYTES]
        for file in short[:MAX_TRIED]:
            shutil.copy(file, tried)
        merge = [program, "-set_cover_merge=1", kept, tried]
        subprocess.run(merge, check=True, stderr=subprocess.DEVNULL)
        inputs = [file.read_bytes() for file in pathlib.Path(kept).iterdir()]
    return sorted(inputs, key=lambda data: (len(data), data))


targets = sys.argv[1:] or sorted(file.stem for file in (ROOT / "fuzz" / "fuzz_targets").glob("*.rs"))
for target in targets:
    inputs = cover(target)
    # Of all lengths, since the long ones reach the deep states.
    step = max(1, len(inputs) / MAX_INPUTS)
    kept = [inputs[int(at * step)] for at in range(min(MAX_INPUTS, len(inputs)))]
    lines = "".join(f"{escaped(data)}\n" for data in kept)
    (ROOT / "tests" / "replay" / f"{target}.txt").write_text(lines)
    print(f"{target}: {len(kept)} of {len(inputs)} inputs kept")
