#!/usr/bin/env bash
# Installs what examples/login needs into .tools/login: oidc-provider and jose where
# there is Node, PyJWT where there is Python. The test skips what is not there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=$here/../../.tools/login
mkdir -p "$dir"
if command -v npm >/dev/null; then
  if ! cmp -s "$here/package.json" "$dir/package.json"; then
    rm -rf "$dir/node_modules"
    echo "installing oidc-provider and jose into .tools/login"
    cp "$here/package.json" "$dir/package.json.part"
    mkdir -p "$dir/part" && cp "$here/package.json" "$dir/part/package.json"
    npm install --prefix "$dir/part" --silent --no-audit --no-fund --ignore-scripts
    mv "$dir/part/node_modules" "$dir/node_modules"
    rm -rf "$dir/part"
    mv "$dir/package.json.part" "$dir/package.json"
  fi
else
  echo "no npm: the tests with oidc-provider and jose will be skipped" >&2
fi
if command -v python3 >/dev/null; then
  if ! cmp -s "$here/requirements.txt" "$dir/requirements.txt"; then
    rm -rf "$dir/python"
    echo "installing PyJWT into .tools/login"
    python3 -m venv "$dir/python"
    "$dir/python/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$dir/requirements.txt"
  fi
else
  echo "no python3: the tests with PyJWT will be skipped" >&2
fi
