"""Finds public items without an example that runs and asserts, in the JSON that rustdoc writes.

    python3 .ci/doc_examples.py target/doc/linkseal.json

rustdoc's own lint, `missing_doc_code_examples`, passes over what a private module defines and the crate's root
exports, which is everything here. Getters need no example: that of their type shows them.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

FIXTURE = pathlib.Path(__file__).with_suffix(".rs")
FENCE = re.compile(r"^\s*```(.*?)$(.*?)^\s*```$", re.MULTILINE | re.DOTALL)


def items(index, id, path=""):
    """Yields the path and the item of everything that can be reached from an item."""
    item = index.get(str(id))
    if item is None or item["crate_id"] != 0:
        return
    [(kind, inner)] = item["inner"].items()
    if kind == "use":
        yield from items(index, inner["id"], path)
    elif kind == "impl":
        if inner["trait"] is None:
            for child in inner["items"]:
                yield from items(index, child, path)
    else:
        path = f"{path}::{item['name']}".removeprefix("::")
        yield path, item
        for child in [*inner.get("items", []), *inner.get("impls", [])] if isinstance(inner, dict) else []:
            yield from items(index, child, path)


def needs_example(item):
    [(kind, inner)] = item["inner"].items()
    if kind != "function":
        return kind in ("enum", "macro", "struct", "trait", "union")
    takes = [name for name, _ in inner["sig"]["inputs"]]
    gives = inner["sig"]["output"] or {}
    is_result = gives.get("resolved_path", {}).get("path", "").endswith("Result")
    is_getter = takes == ["self"] and not is_result and gives != {"generic": "Self"}
    return not is_getter


def has_example(docs):
    return any(info.strip() in ("", "rust") and "assert" in code for info, code in FENCE.findall(docs or ""))


def without_example(file):
    crate = json.loads(pathlib.Path(file).read_text())
    return {
        path
        for path, item in items(crate["index"], crate["root"])
        if needs_example(item) and not has_example(item["docs"])
    }


def check_the_check():
    """In the fixture, exactly the items whose names say so lack an example."""
    rustdoc = ["rustdoc", "+" + os.environ.get("NIGHTLY", "nightly"), "--edition=2024", FIXTURE]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*rustdoc, "-Z", "unstable-options", "--output-format=json", "--out-dir", folder], check=True)
        found = without_example(next(pathlib.Path(folder).glob("*.json")))
    expected = set(re.findall(r"(?:struct|enum|fn) (Lacks\w*|lacks_\w+)", FIXTURE.read_text()))
    if {path.split("::")[-1] for path in found} != expected:
        sys.exit(f"the check itself is wrong: it found {sorted(found)}")


if __name__ == "__main__":
    check_the_check()
    lacking = sorted(without_example(sys.argv[1]))
    for path in lacking:
        print(f"{path}: no example that runs and asserts")
    sys.exit(bool(lacking))
