#!/usr/bin/env bash
# The examples `rewrite` and `verify` from end to end, the recipes, and the test vectors, which a second implementation
# makes again.
source "$(dirname "$0")/common.sh"

python3 tests/vectors/make_tags.py --check
cargo build --locked --examples
python3 .ci/end_to_end.py

# The recipes of docs/cookbook.md need packages that the library's own tests do not.
cargo test --locked -p linkseal-cookbook
