#!/usr/bin/env bash
# The milter: its tests, and mail through a real Postfix with OpenDKIM behind it. Both get configurations of their own on
# the loopback interface; those of the system are left alone. With `LINKSEAL_MESSAGES`, or messages beside the repository,
# these are sent too.
source "$(dirname "$0")/common.sh"

beside=../shared/corpus/eml
if [ -z "${LINKSEAL_MESSAGES:-}" ] && [ -d "$beside" ]; then
    LINKSEAL_MESSAGES=$(cd "$beside" && pwd)
fi

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo --non-interactive)
# The distribution's own Python has what the distribution installs.
find_python() {
    local python
    for python in python3 /usr/bin/python3; do
        if "$python" -c 'import dkim' 2>/dev/null; then
            command -v "$python"
            return
        fi
    done
    return 1
}
have() { PATH=$PATH:/usr/sbin command -v "$1" >/dev/null; }
missing() {
    have postfix || echo postfix
    have opendkim || echo opendkim
    have openssl || echo openssl
    find_python >/dev/null || echo python3-dkim
}

step "Postfix, OpenDKIM and dkimpy"
mapfile -t packages < <(missing)
if [ "${#packages[@]}" -gt 0 ] && command -v apt-get >/dev/null; then
    "${as_root[@]}" apt-get update --quiet=2 &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --no-install-recommends \
            "${packages[@]}" >/dev/null ||
        echo "they could not be installed"
fi
mapfile -t packages < <(missing)

step "tests"
cargo test --locked -p linkseal-milter

step "Postfix"
# Only root starts Postfix.
"${as_root[@]}" true 2>/dev/null || packages+=("the rights of root")
if [ "${#packages[@]}" -gt 0 ]; then
    printf 'missing: %s\n' "${packages[@]}"
    echo "mail through Postfix is left out"
    # A machine that nobody watches must not leave it out unseen.
    [ -z "${CI:-}" ] || exit 1
    exit 0
fi
cargo build --locked -p linkseal-milter --bins --examples
"${as_root[@]}" env "PATH=$PATH:/usr/sbin" "LINKSEAL_MESSAGES=${LINKSEAL_MESSAGES:-}" "LINKSEAL_TARGET=$target" \
    PYTHONDONTWRITEBYTECODE=1 timeout --kill-after=10 170 "$(find_python)" milter/tests/postfix.py
