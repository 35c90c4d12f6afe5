#!/bin/sh
# Builds static/dashboard.css from styles/, or with --check only says whether what is committed is current.
set -eu
cd "$(dirname "$0")"
target=../static/dashboard.css
made=$(mktemp)
trap 'rm -f "$made"' EXIT
node_modules/.bin/tailwindcss --input styles/dashboard.css --output "$made" --minify 2> /dev/null
if [ "${1:-}" = --check ]; then
    cmp -s "$made" "$target" || { echo "static/dashboard.css is not what styles/ and the templates make: run make assets"; exit 1; }
else
    cp "$made" "$target"
fi
