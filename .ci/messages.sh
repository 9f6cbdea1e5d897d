#!/usr/bin/env bash
# Whole messages through the example `rewrite`, judged by Python's email package. With `LINKSEAL_MESSAGES`, or a corpus
# beside the repository, these are real mail; else those of tests/messages.
source "$(dirname "$0")/common.sh"

beside=../shared/corpus/eml
if [ -z "${LINKSEAL_MESSAGES:-}" ] && [ -d "$beside" ]; then
    LINKSEAL_MESSAGES=$(cd "$beside" && pwd)
    export LINKSEAL_MESSAGES
fi
cargo build --locked --example rewrite --example verify
PYTHONDONTWRITEBYTECODE=1 python3 .ci/messages.py
