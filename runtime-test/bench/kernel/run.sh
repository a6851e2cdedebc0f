#!/bin/sh
# Builds and runs the kernel benchmark: needs go, node, clang with a wasm32 back
# end, wasm-ld.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
GOOS=wasip1 GOARCH=wasm go build -tags jsonbench -buildmode=c-shared -ldflags='-s -w' -o "$work/guest.wasm" ./guest
clang --target=wasm32 -O3 -nostdlib -Wl,--no-entry -o "$work/scan.wasm" scan.c
node --no-warnings run.mjs "$work/guest.wasm" "$work/scan.wasm" ../../../filter/json/testdata/bench/*.json
