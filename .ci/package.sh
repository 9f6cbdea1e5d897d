#!/usr/bin/env bash
# What is published: the archive is built, and tested away from the repository.
source "$(dirname "$0")/common.sh"
export CARGO_TARGET_DIR="$target"

version=$(cargo pkgid -p linkseal)
version=${version##*[#@]}

step "pack"
cargo package --locked --allow-dirty --no-verify -p linkseal
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# The times in the archive are always the same, and cargo would take what an earlier run built for current.
tar --touch -xzf "$target/package/linkseal-$version.crate" -C "$folder"
cd "$folder/linkseal-$version"

step "test the archive"
env -u LINKSEAL_CORPUS cargo test --locked --all-features

step "the lowest versions that Cargo.toml allows"
if have_nightly; then
    # The tests' dependencies ask for newer ones. Without them, the examples in the documentation run.
    awk '/^\[/ { skip = /^\[dev-dependencies/ } !skip' Cargo.toml > stripped.toml
    mv stripped.toml Cargo.toml
    cargo "+$nightly" update -Z direct-minimal-versions
    cargo test --locked --doc
else
    echo "no nightly toolchain: the lower bounds of the dependencies are not tried"
fi
