#!/bin/sh
# Makes sure that the tests find a real mail server: `install_mail_server.sh postfix|exim|opensmtpd`.
# Does nothing when there is one. Its packages are unpacked beside the Python packages and not installed: no daemon, no
# question, no mail server replaced.
set -eu
cd "$(dirname "$0")/.."

server=$1
case $server in
    postfix) packages=postfix program=usr/lib/postfix/sbin/master ;;
    exim) packages='exim4-daemon-light exim4-base' program=usr/sbin/exim4 ;;
    opensmtpd) packages=opensmtpd program=usr/libexec/opensmtpd/mail.maildir ;;
    *) echo "No mail server of the tests: $server" >&2; exit 2 ;;
esac

for root in "" ".venv/$server"; do
    [ -x "$root/$program" ] && exit 0
done

log=$(mktemp)
folder=$(mktemp -d)
trap 'rm -rf "$log" "$folder"' EXIT

fetched() {
    if [ "$(id -u)" = 0 ]; then
        apt-get update || true
        chown _apt "$folder" # apt gives up root before it writes there
    fi
    # shellcheck disable=SC2086  each package is a word
    (cd "$folder" && apt-get download $packages)
}

# The libraries they name; who is not root has them already, or is told by the test.
provided() {
    [ "$(id -u)" = 0 ] || return 0
    libraries=$(for package in "$folder"/*.deb; do dpkg-deb -f "$package" Depends; done |
        tr ',\n' '\n\n' | grep '^ *lib' | sort -u | paste -sd ,)
    apt-get satisfy -y -o DPkg::Lock::Timeout=120 --no-install-recommends "$libraries"
}

unpacked() {
    for package in "$folder"/*.deb; do
        dpkg -x "$package" "$folder/root" || return 1
    done
}

if command -v apt-get >/dev/null; then
    echo "Fetching $server for the tests with real mail servers …"
    export DEBIAN_FRONTEND=noninteractive
    (fetched && provided && unpacked && mv "$folder/root" ".venv/$server") >"$log" 2>&1 && exit 0
fi

tail -n 5 "$log" >&2
echo "Some tests need $server. On Debian or Ubuntu: apt-get install $packages" >&2
exit 1
