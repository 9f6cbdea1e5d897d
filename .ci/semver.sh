#!/usr/bin/env bash
# Compares the public interface with that of the latest release. Before the first there is nothing to compare.
source "$(dirname "$0")/common.sh"

if ! release=$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null); then
    echo "no release is tagged yet: nothing to compare the interface with"
    exit 0
fi
tool cargo-semver-checks 0.51.0
cargo semver-checks --package linkseal --all-features --baseline-rev "$release"
