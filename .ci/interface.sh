#!/usr/bin/env bash
# The public interface: no change without a change of docs/public-api.txt, no types of dependencies, and an example
# wherever there is something to show. `.ci/interface.sh --write` writes that file.
source "$(dirname "$0")/common.sh"

if ! have_nightly; then
    echo "no nightly toolchain: the public interface is not compared, nor searched for types of dependencies"
    exit 0
fi

step "tools"
tool cargo-public-api 0.52.0
tool cargo-check-external-types 0.5.0

step "the interface as text"
cargo "+$nightly" rustdoc --quiet --locked --all-features --lib -p linkseal -- -Z unstable-options --output-format json
rustdoc="$target/doc/linkseal.json"
now="$target/public-api.txt"
# What every type has, and a marker of the compiler's own, say nothing about a change.
cargo public-api --rustdoc-json "$rustdoc" --omit blanket-impls,auto-trait-impls | grep -v StructuralPartialEq >"$now"
if [ "${1:-}" = --write ]; then
    cp "$now" docs/public-api.txt
elif ! diff -u --label docs/public-api.txt --label "the public interface" docs/public-api.txt "$now"; then
    echo "The public interface is not what docs/public-api.txt says. If the change is meant, run"
    echo "    .ci/interface.sh --write"
    echo "and say in CHANGELOG.md what it means for users."
    exit 1
fi

step "examples"
NIGHTLY="$nightly" python3 .ci/doc_examples.py "$rustdoc"

step "types of dependencies"
# Comes last: it overwrites the JSON with one that has private items in it.
cargo "+$nightly" check-external-types --all-features --config .ci/external_types.toml
