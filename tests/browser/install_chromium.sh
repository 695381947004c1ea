#!/bin/sh
# Makes sure that the browser tests find a browser. Does nothing when the quickest one is there.
set -eu
cd "$(dirname "$0")/../.."

[ -n "${EVENTMAIL_CHROMIUM:-}" ] && command -v "$EVENTMAIL_CHROMIUM" >/dev/null && exit 0
command -v chromium-headless-shell >/dev/null && exit 0

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# It opens a page in a third of the time that a whole browser without a window takes.
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo 'Installing Chromium for the browser tests, about a minute …'
    export DEBIAN_FRONTEND=noninteractive
    apt-get update >"$log" 2>&1 &&
        apt-get install -y --no-install-recommends chromium-headless-shell fonts-liberation fonts-noto-color-emoji \
            >>"$log" 2>&1 && exit 0
fi

for browser in chromium chromium-browser google-chrome; do
    command -v "$browser" >/dev/null && exit 0
done
.venv/bin/playwright install chromium >>"$log" 2>&1 && exit 0

tail -n 5 "$log" >&2
echo 'The browser tests need Chromium. Install it, or name its program in EVENTMAIL_CHROMIUM.' >&2
exit 1
