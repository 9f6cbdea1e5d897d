"""Checks the public interface, as rustdoc's JSON has it.

No type or trait of a dependency stands in it, every item is documented, and where there is something
to show there is an example that asserts. Needs a nightly toolchain, whose rustdoc writes JSON.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
STANDARD = {"std", "core", "alloc"}
JSON = ["-Z", "unstable-options", "--output-format", "json"]
# Everything that an item can hold other items in.
CHILDREN = ("items", "fields", "variants", "impls", "implementations")
FENCE = re.compile(r"^\s*```(.*?)$(.*?)^\s*```$", re.MULTILINE | re.DOTALL)


class Crate:
    """The items of a crate that can be named or reached from outside, by their path."""

    def __init__(self, file):
        rustdoc = json.loads(pathlib.Path(file).read_text())
        self.index = rustdoc["index"]
        self.paths = rustdoc["paths"]
        self.crates = {key: crate["name"] for key, crate in rustdoc["external_crates"].items()}
        self.items = {}
        self.walked = set()
        self.walk(rustdoc["root"], None)
        for id, item in self.index.items():
            # Such as an impl of a foreign trait for a foreign type, which hangs on no item of ours.
            if item["crate_id"] == 0 and id not in self.walked:
                self.walk(id, "(elsewhere)")

    def walk(self, id, parent):
        item = self.index.get(str(id))
        if item is None or item["crate_id"] != 0 or str(id) in self.walked:
            return
        [(kind, inner)] = item["inner"].items()
        if kind == "impl" and (inner["is_synthetic"] or inner["blanket_impl"]):
            self.walked.add(str(id))
            return
        self.walked.add(str(id))
        path = item["name"] if parent is None else f"{parent}::{name(item, kind, inner)}"
        self.items[str(id)] = path, kind, inner, item
        if kind == "use":
            self.walk(inner["id"], parent)
        # What makes up an impl of ours is in the block; its items are the type's own.
        below = parent if kind == "impl" and inner["trait"] is None else path
        for child in children(inner):
            self.walk(child, below)

    def own_items(self):
        """Returns what can be documented: no impls, nor what a trait asks for in them."""
        return [
            entry
            for entry in self.items.values()
            if entry[1] not in ("impl", "use") and "::<" not in entry[0]
        ]

    def foreign(self):
        """Yields a line for each path to another crate than the standard library's."""
        for path, kind, inner, _ in self.items.values():
            if kind == "extern_crate" and inner["name"] not in STANDARD:
                yield f"{path}: crate {inner['name']}"
            for id, text in named(inner):
                origin = self.origin(id)
                if origin is not None:
                    yield f"{path}: {text} ({origin})"

    def origin(self, id):
        """Returns which crate an item is of, or None when it may be named."""
        if id is None or str(id) in self.walked:
            return None
        known = self.paths.get(str(id))
        if known is None:
            return "of an unknown crate"
        if known["crate_id"] == 0:
            return "private, so what it stands for is not known"
        crate = self.crates[str(known["crate_id"])]
        return None if crate in STANDARD else f"of {crate}"

    def undocumented(self):
        """Yields a line for each item that lacks its documentation, or its example."""
        for path, kind, inner, item in self.own_items():
            if is_positional(item):
                continue
            if not item["docs"]:
                yield f"{path}: no documentation"
            elif needs_example(kind, inner) and not has_example(item["docs"]):
                yield f"{path}: no example that runs and asserts"


def name(item, kind, inner):
    if kind == "use":
        return inner["name"]
    if kind == "impl":
        return f"<{inner['trait']['path']}>" if inner["trait"] else "impl"
    return item["name"]


def children(inner):
    """Yields the ids of all items that an item holds, at whatever depth the format puts them."""
    if not isinstance(inner, dict):
        return
    for key, value in inner.items():
        if key in CHILDREN or key in ("tuple", "struct", "plain") and isinstance(value, list):
            yield from (id for id in value if isinstance(id, int))
        if key in ("kind", "struct", "plain"):
            yield from children(value)


def named(value):
    """Yields the id and the text of each path in a signature."""
    if isinstance(value, list):
        for part in value:
            yield from named(part)
    elif isinstance(value, dict):
        if "id" in value and ("path" in value or "source" in value):
            yield value["id"], value.get("path") or value["source"]
        for part in value.values():
            yield from named(part)


def is_positional(item):
    return "struct_field" in item["inner"] and item["name"].isdigit()


def needs_example(kind, inner):
    """All but getters, which the example of their type shows."""
    if kind != "function":
        return kind in ("struct", "enum", "union", "trait", "macro")
    inputs = [input for input, _ in inner["sig"]["inputs"]]
    output = inner["sig"]["output"] or {}
    result = output.get("resolved_path", {}).get("path", "").endswith("Result")
    return inputs != ["self"] or result or output == {"generic": "Self"}


def has_example(docs):
    return any(
        info.strip() in ("", "rust") and "assert" in code for info, code in FENCE.findall(docs)
    )


def self_test():
    """Lets both checks fail on every item of a crate that is made for it."""
    with tempfile.TemporaryDirectory() as folder:
        rustc = ["rustc", "+nightly", "--edition=2024", "--crate-type=lib", "--out-dir", folder]
        subprocess.run([*rustc, HERE / "public_api" / "dependency.rs"], check=True)
        rustdoc = ["rustdoc", "+nightly", "--edition=2024", "-L", folder, "--out-dir", folder]
        subprocess.run([*rustdoc, *JSON, HERE / "public_api" / "fixture.rs"], check=True)
        crate = Crate(pathlib.Path(folder) / "fixture.json")
    judge(crate, set(crate.foreign()), "fixture::exposed", "fixture::not_exposed")
    judge(crate, set(crate.undocumented()), "fixture::undocumented", "fixture::documented")


def judge(crate, found, guilty, innocent):
    """Each item right below `guilty` must be found, and nothing below `innocent`."""
    expected = {
        path for path, *_ in crate.items.values() if re.fullmatch(rf"{guilty}::[^:]+", path)
    }
    missed = {path for path in expected if not any(line.startswith(f"{path}:") for line in found)}
    wrong = {line for line in found if line.startswith(f"{innocent}::")}
    if missed or wrong or not expected:
        sys.exit(f"the check itself is wrong: missed {missed}, wrong about {wrong}")


def main():
    self_test()
    subprocess.run(
        ["cargo", "+nightly", "rustdoc", "--quiet", "--locked", "--lib", "--", *JSON],
        cwd=ROOT,
        check=True,
    )
    metadata = subprocess.check_output(
        ["cargo", "metadata", "--locked", "--no-deps", "--format-version=1"], cwd=ROOT
    )
    target = pathlib.Path(json.loads(metadata)["target_directory"])
    crate = Crate(target / "doc" / "linkseal.json")
    faults = sorted({*crate.foreign(), *crate.undocumented()})
    print("\n".join(faults) or f"{len(crate.own_items())} public items are as they should be")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
