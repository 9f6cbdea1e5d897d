#!/usr/bin/env bash
# Changes src/token and src/link in small ways, one at a time, and fails when a change passes all tests. Takes
# hours; `.cargo/mutants.toml` says what is changed and what is tested.
source "$(dirname "$0")/common.sh"

tool cargo-mutants 27.1.0
cargo mutants --output "$target" "$@"
