#!/bin/sh
# Makes sure that the browser tests find a browser. Does nothing when there is one.
set -eu
cd "$(dirname "$0")/../.."

for browser in "${EVENTMAIL_CHROMIUM:-}" chromium chromium-browser google-chrome; do
    [ -n "$browser" ] && command -v "$browser" >/dev/null && exit 0
done

log=$(mktemp)
trap 'rm -f "$log"' EXIT

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo 'Installing Chromium for the browser tests, about a minute …'
    export DEBIAN_FRONTEND=noninteractive
    apt-get update >"$log" 2>&1 &&
        apt-get install -y --no-install-recommends chromium fonts-noto-color-emoji >>"$log" 2>&1 && exit 0
else
    echo "Installing Playwright's Chromium for the browser tests …"
    .venv/bin/playwright install chromium >"$log" 2>&1 && exit 0
fi

tail -n 5 "$log" >&2
echo 'The browser tests need Chromium. Install it, or name its program in EVENTMAIL_CHROMIUM.' >&2
exit 1
