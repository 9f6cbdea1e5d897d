#!/usr/bin/env bash
# Builds the fuzz targets and runs each for some seconds: `.ci/fuzz.sh 60`.
source "$(dirname "$0")/common.sh"

if ! have_nightly; then
    echo "no nightly toolchain: the fuzz targets are not built. What is kept of their inputs is tried by the tests"
    exit 0
fi
tool cargo-fuzz 0.13.2
cargo metadata --locked --manifest-path fuzz/Cargo.toml --format-version=1 >/dev/null
# A change must not fail for what an unlucky run finds. To look for faults, run `fuzz/run` without a seed.
FUZZ_SEED=1 fuzz/run "${1:-20}"
