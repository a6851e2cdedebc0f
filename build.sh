#!/bin/sh
# Builds the filter module, the same bytes wherever the checkout lies.
#
#   ./build.sh           build/filter.wasm
#   ./build.sh lean      build/filter-lean.wasm: public-key signatures are left to the host
#   ./build.sh budget    build/filter-budget.wasm: the guest's memory statistics exported, for tests
#   ./build.sh all       all of them
#
# OUT=DIR writes to another directory. The linker keeps function names (-w without -s), so that a
# trap names where it happened.
set -eu
cd "$(dirname "$0")"
out=${OUT:-build}
mkdir -p "$out"

# Settings of the caller's environment that would change the bytes are set aside for this command
# alone; GOPROXY, GOCACHE and the like stay as they are.
build() { # NAME TAGS
	echo "build $out/$1.wasm"
	env -u GOEXPERIMENT GOFLAGS= GOWORK=off GOOS=wasip1 GOARCH=wasm GOWASM= CGO_ENABLED=0 \
		go build -buildmode=c-shared -trimpath -buildvcs=false -ldflags='-w -buildid=' -tags "$2" -o "$out/$1.wasm" ./filter
}

case "${1:-full}" in
full) build filter "" ;;
lean) build filter-lean lean ;;
budget) build filter-budget budget ;;
all)
	build filter ""
	build filter-lean lean
	build filter-budget budget
	;;
*)
	echo "build.sh: found \"$1\", want full, lean, budget or all" >&2
	exit 2
	;;
esac
