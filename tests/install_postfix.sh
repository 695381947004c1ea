#!/bin/sh
# Makes sure that the test with a real mail server finds postfix. Does nothing when there is one.
# The package is unpacked beside the Python packages and not installed: no daemon, no question, no mail server replaced.
set -eu
cd "$(dirname "$0")/.."

for root in "" .venv/postfix; do
    [ -x "$root/usr/lib/postfix/sbin/master" ] && exit 0
done

log=$(mktemp)
folder=$(mktemp -d)
trap 'rm -rf "$log" "$folder"' EXIT

fetched() {
    if [ "$(id -u)" = 0 ]; then
        apt-get update || true
        chown _apt "$folder" # apt gives up root before it writes there
    fi
    (cd "$folder" && apt-get download postfix)
}

# The libraries it names; who is not root has them already, or is told by the test.
provided() {
    [ "$(id -u)" = 0 ] || return 0
    libraries=$(dpkg-deb -f "$folder"/postfix_*.deb Depends | tr ',' '\n' | grep '^ *lib' | paste -sd ,)
    apt-get satisfy -y --no-install-recommends "$libraries"
}

if command -v apt-get >/dev/null; then
    echo 'Fetching postfix for the test with a real mail server …'
    export DEBIAN_FRONTEND=noninteractive
    (fetched && provided && dpkg -x "$folder"/postfix_*.deb "$folder/root" && mv "$folder/root" .venv/postfix) \
        >"$log" 2>&1 && exit 0
fi

tail -n 5 "$log" >&2
echo 'One test needs postfix. On Debian or Ubuntu: apt-get install postfix' >&2
exit 1
