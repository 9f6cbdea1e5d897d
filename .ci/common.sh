# shellcheck shell=bash
# What the scripts beside this file share. They source it; it is not run.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0
# Debug information takes a quarter of the time to build, and no step reads it.
export CARGO_PROFILE_DEV_DEBUG=0
target="${CARGO_TARGET_DIR:-$PWD/target}"
# The public interface is printed from what this toolchain's rustdoc says.
nightly="${NIGHTLY:-nightly}"

step() { printf '\n-- %s (%ss)\n' "$1" "$SECONDS"; }

have_nightly() { cargo "+$nightly" --version >/dev/null 2>&1; }

# Installs a cargo subcommand unless it is there: `tool cargo-deny 0.20.2`. Unoptimised, it is built in a fraction of
# the time and still answers in seconds. All tools share a target folder, and so what several of them depend on.
tool() {
    local name=$1 version=$2
    if ! cargo install --list | grep -xF "$name v$version:" >/dev/null; then
        CARGO_TARGET_DIR="$target/tools" cargo install --quiet --locked --debug "$name@$version"
    fi
}
