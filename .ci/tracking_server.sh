#!/usr/bin/env bash
# The tracking server: its tests on both databases, in a browser, and under load, all with the program that
# its README has people start.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0

step() { printf '\n-- %s (%ss)\n' "$1" "$SECONDS"; }

step "PostgreSQL, wrk and Chromium"
packages=()
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null || packages+=(postgresql)
command -v wrk >/dev/null || packages+=(wrk)
command -v chromium >/dev/null || packages+=(chromium)
if [ "${#packages[@]}" -gt 0 ]; then
    if [ "$(id -u)" != 0 ]; then
        echo "install ${packages[*]} first: only root can do it from here"
        exit 1
    fi
    apt-get update --quiet=2
    DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --no-install-recommends "${packages[@]}" >/dev/null
fi

step "tests"
REQUIRE_POSTGRES=1 cargo test --locked --release -p tracking-server

step "browser"
npm ci --prefix server/browser --silent
npm test --prefix server/browser --silent

step "load"
# Measured, not asserted: what else this machine does is not known.
server/load/run --report
