#!/usr/bin/env bash
# The README's commands. With `LINKSEAL_CORPUS`, or a corpus beside the repository, the tests also run over real
# mail.
source "$(dirname "$0")/common.sh"

beside=../shared/corpus/html
if [ -z "${LINKSEAL_CORPUS:-}" ] && [ -d "$beside" ]; then
    LINKSEAL_CORPUS=$(cd "$beside" && pwd)
    export LINKSEAL_CORPUS
fi
[ -n "${LINKSEAL_CORPUS:-}" ] || echo "LINKSEAL_CORPUS names no folder of mail: its test will say that it is skipped"

for command in 'cargo run --example rewrite < examples/newsletter.html > tracked.html' 'cargo test'; do
    step "$command"
    if ! grep -qxF "$command" README.md; then
        echo "README.md does not have this command any more: mend it there or here"
        exit 1
    fi
    bash -c "$command"
done
