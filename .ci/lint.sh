#!/usr/bin/env bash
# Format and lints.
source "$(dirname "$0")/common.sh"

step "format"
cargo fmt --all --check
cargo fmt --check --manifest-path fuzz/Cargo.toml

step "lints"
cargo clippy --locked --workspace --all-targets -- --deny warnings
