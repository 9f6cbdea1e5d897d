#!/usr/bin/env bash
# What is depended on, by the library, by the packages of its tests and benches, and by the tracking server: licences,
# duplicates, sources, and known faults.
set -euo pipefail
cd "$(dirname "$0")/.."
version=0.20.2

if [ "$(cargo deny --version 2>&1)" != "cargo-deny $version" ]; then
    # Unoptimised it is built in a fraction of the time, and it runs for two seconds.
    CARGO_PROFILE_DEV_DEBUG=0 cargo install --quiet --locked --debug "cargo-deny@$version"
fi

deny() {
    local package=$1 config=$2
    shift 2
    cargo deny --locked --manifest-path "$package" --config "$config" "$@"
}

# The lists are as short as the library's tree allows. The trees of what tests it use less of them, and two
# versions of a crate may be there.
deny Cargo.toml deny.toml check --deny warnings bans licenses sources
for package in benches fuzz tests/laws; do
    deny "$package/Cargo.toml" deny.toml check --allow duplicate --allow license-not-encountered --allow unmatched-skip \
        bans licenses sources
done
deny server/Cargo.toml server/deny.toml check --deny warnings bans licenses sources

export GIT_TERMINAL_PROMPT=0
if said=$(timeout 120 cargo deny --locked --config deny.toml fetch db 2>&1); then
    deny Cargo.toml deny.toml --offline check advisories
    for package in benches fuzz tests/laws; do
        deny "$package/Cargo.toml" deny.toml --offline check advisories
    done
    deny server/Cargo.toml server/deny.toml --offline check advisories
else
    echo "security advisories are NOT checked: their database can't be had from here. What was said:"
    echo "$said"
fi
