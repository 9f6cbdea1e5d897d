#!/usr/bin/env bash
# What is published: the archive is built, and tested away from the repository.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"

step() { printf '\n-- %s (%ss)\n' "$1" "$SECONDS"; }

step "pack"
cargo package --locked --allow-dirty --no-verify -p linkseal
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
tar -xzf "$(ls -t "$CARGO_TARGET_DIR"/package/linkseal-*.crate | head -1)" -C "$folder"
cd "$folder"/linkseal-*

step "test the archive"
env -u LINKSEAL_CORPUS cargo test --locked --all-features

step "the lowest versions that Cargo.toml allows"
if cargo +nightly --version; then
    # The tests' dependencies ask for newer ones. Without them, the examples in the documentation run.
    awk '/^\[/ { skip = /^\[dev-dependencies/ } !skip' Cargo.toml > stripped.toml
    mv stripped.toml Cargo.toml
    cargo +nightly update -Z direct-minimal-versions
    cargo test --locked --doc
else
    echo "no nightly toolchain: the lower bounds of the dependencies are not tried"
fi
