#!/usr/bin/env bash
# The tracking server: its tests on both databases, in a browser, and under load, all with the program that
# its README starts.
source "$(dirname "$0")/common.sh"

have_postgres() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null; }
find_chromium() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
missing() {
    have_postgres || echo postgresql
    command -v wrk >/dev/null || echo wrk
    command -v caddy >/dev/null || echo caddy
    command -v sqlite3 >/dev/null || echo sqlite3
    command -v systemd-analyze >/dev/null || echo systemd
    find_chromium >/dev/null || echo chromium
}

step "PostgreSQL, SQLite, Caddy, wrk, Chromium and systemd"
mapfile -t packages < <(missing)
if [ "${#packages[@]}" -gt 0 ] && command -v apt-get >/dev/null; then
    as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo --non-interactive)
    "${as_root[@]}" apt-get update --quiet=2 &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --no-install-recommends \
            "${packages[@]}" >/dev/null ||
        echo "they could not be installed"
fi
mapfile -t packages < <(missing)
if [ "${#packages[@]}" -gt 0 ]; then
    echo "missing: ${packages[*]}. What needs them is left out"
    # A machine that nobody watches must not leave it out unseen.
    [ -z "${CI:-}" ] || exit 1
fi

step "tests"
if have_postgres; then export REQUIRE_POSTGRES=1; fi
cargo test --locked --release -p tracking-server

step "Caddy, backups"
# They say themselves what they leave out.
PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 120 server/deploy/try-caddy "$target/release/tracking-server"
PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 120 server/deploy/try-restore "$target/release/tracking-server"

step "Dockerfile, systemd service"
server/deploy/lint "$target/tools"

if CHROMIUM=$(find_chromium); then
    export CHROMIUM
    step "browser"
    npm ci --prefix server/browser --silent
    npm test --prefix server/browser --silent
fi

if command -v wrk >/dev/null; then
    step "load"
    # Measured, not asserted: what else runs on this machine is not known.
    server/load/run --report
fi
