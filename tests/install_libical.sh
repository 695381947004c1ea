#!/bin/sh
# Makes sure that `make judges` finds libical. Does nothing when there is one. It is unpacked beside the Python packages.
set -eu
cd "$(dirname "$0")/.."

ls /usr/lib/*/libical.so.3 .venv/libical/usr/lib/*/libical.so.3 2>/dev/null | head -n 1 | grep . && exit 0
command -v apt-get >/dev/null || { echo "On Debian or Ubuntu: apt-get install libical3" >&2; exit 1; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
if [ "$(id -u)" = 0 ]; then
    apt-get update >/dev/null 2>&1 || true
    chown _apt "$folder" # apt gives up root before it writes there
fi
# Newer Debians name it after its wider clock.
(cd "$folder" && { apt-get download libical3t64 || apt-get download libical3; }) >/dev/null 2>&1 ||
    { echo "Some judges need libical. On Debian or Ubuntu: apt-get install libical3" >&2; exit 1; }
dpkg -x "$folder"/libical3*.deb "$folder/root"
mkdir -p .venv
mv "$folder/root" .venv/libical
ls .venv/libical/usr/lib/*/libical.so.3
