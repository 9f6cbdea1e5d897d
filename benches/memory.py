"""Measures the peak resident memory of examples/rewrite, streaming and whole.

Prints `name<TAB>megabytes<TAB>bound<TAB>ok|short`. Needs `cargo build --release --examples` first.
"""

import json
import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
METADATA = json.loads(
    subprocess.check_output(
        ["cargo", "metadata", "--locked", "--no-deps", "--format-version=1"], cwd=ROOT
    )
)
REWRITE = pathlib.Path(METADATA["target_directory"]) / "release" / "examples" / "rewrite"
MEGABYTE = 1_000_000


def peak(document, *options):
    """Returns the peak resident bytes of one run, as the kernel counted them.

    Read while output is still to come, when the program waits for a reader and holds all it will.
    """
    with open(document, "rb") as source:
        child = subprocess.Popen(
            [REWRITE, *options], stdin=source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
    highest = 0
    while os.read(child.stdout.fileno(), 65536):
        status = pathlib.Path(f"/proc/{child.pid}/status").read_text()
        for entry in status.splitlines():
            if entry.startswith("VmHWM:"):
                highest = int(entry.split()[1]) * 1024
    assert child.wait() == 0 and highest > 0
    return highest


def line(name, used, bound):
    verdict = "ok" if used <= bound else "short"
    print(f"{name}\t{used / MEGABYTE:.1f}\t{bound / MEGABYTE:.1f}\t{verdict}")


newsletter = (ROOT / "examples" / "newsletter.html").read_bytes()
head, rest = newsletter.split(b"<body", 1)
body = rest.split(b">", 1)[1].rsplit(b"</body>", 1)[0]
with tempfile.TemporaryDirectory() as folder:
    for name, megabytes, options, bound in [
        ("stream-100MB", 100, ["--chunk", "65536"], lambda size: 12 * MEGABYTE),
        ("oneshot-1MB", 1, [], lambda size: 3 * size + 4 * MEGABYTE),
        ("oneshot-20MB", 20, [], lambda size: 3 * size + 4 * MEGABYTE),
    ]:
        document = pathlib.Path(folder) / name
        with open(document, "wb") as file:
            file.write(head + b"<body>")
            while file.tell() < megabytes * MEGABYTE:
                file.write(body)
            file.write(b"</body></html>")
        line(name, peak(document, *options), bound(document.stat().st_size))
