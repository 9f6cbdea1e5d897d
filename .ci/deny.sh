#!/usr/bin/env bash
# What the library, the packages of its tests and benches, the tracking server and the milter depend on: licences,
# duplicates, sources, and known faults.
source "$(dirname "$0")/common.sh"

tool cargo-deny 0.20.2

deny() {
    local package=$1 config=$2
    shift 2
    cargo deny --locked --manifest-path "$package" --config "$config" "$@"
}

# The lists are as short as the library's tree allows. The trees of the packages that test it use less of them, and
# may hold two versions of a crate.
deny Cargo.toml deny.toml check --deny warnings bans licenses sources
for package in benches fuzz tests/laws; do
    deny "$package/Cargo.toml" deny.toml check --allow duplicate --allow license-not-encountered --allow unmatched-skip \
        bans licenses sources
done
for package in milter server; do
    deny "$package/Cargo.toml" "$package/deny.toml" check --deny warnings bans licenses sources
done

export GIT_TERMINAL_PROMPT=0
if said=$(timeout 120 cargo deny --locked --config deny.toml fetch db 2>&1); then
    deny Cargo.toml deny.toml --offline check advisories
    for package in benches fuzz tests/laws; do
        deny "$package/Cargo.toml" deny.toml --offline check advisories
    done
    for package in milter server; do
        deny "$package/Cargo.toml" "$package/deny.toml" --offline check advisories
    done
else
    echo "security advisories are NOT checked: their database could not be fetched. What was said:"
    echo "$said"
fi
