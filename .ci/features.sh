#!/usr/bin/env bash
# The library by itself, with each set of its features.
source "$(dirname "$0")/common.sh"

tool cargo-hack 0.6.46
cargo hack --feature-powerset clippy --locked -p linkseal -- --deny warnings
