#!/usr/bin/env bash
# The documentation, as docs.rs shows it and with what is private; and its picture.
source "$(dirname "$0")/common.sh"

step "documentation"
RUSTDOCFLAGS="--deny warnings" cargo doc --locked --workspace --no-deps --document-private-items
RUSTDOCFLAGS="--deny warnings" cargo doc --locked --no-deps --all-features -p linkseal

step "picture"
python3 docs/picture.py --check
