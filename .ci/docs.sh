#!/usr/bin/env bash
# The documentation, as docs.rs shows it and with what is private.
source "$(dirname "$0")/common.sh"

RUSTDOCFLAGS="--deny warnings" cargo doc --locked --workspace --no-deps --document-private-items
RUSTDOCFLAGS="--deny warnings" cargo doc --locked --no-deps --all-features -p linkseal
