#!/usr/bin/env bash
# Installs what judges MCP servers, the conformance suite and two foreign clients, into target/engines/mcp, and prints that folder. It does
# nothing if it is installed. It needs python3 with venv, PyPI and the registry of npm. With `--check` it installs nothing and fails if it is
# missing, so that a test never reaches the network.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
packages=(mcp==2.3.0 jsonschema==4.26.0)

target="${CARGO_TARGET_DIR:-$here/../../target}"
mkdir -p "$target/engines"
folder="$(cd "$target" && pwd)/engines/mcp"
inputs="$(cat "$here/package.json" "$here/package-lock.json" <(echo "${packages[*]}") | cksum)"

if [[ "$(cat "$folder/.installed" 2>/dev/null)" != "$inputs" ]]; then
  if [[ "${1:-}" == --check ]]; then
    echo "the judges of MCP are not installed in $folder: run tests/engines/install.sh first (it needs python3 with venv, PyPI and npm's registry)" >&2
    exit 1
  fi
  # Node.js of the pages "coming from": the suite needs 22.19 or later.
  node="$("$here/../migration/install.sh")"
  rm -rf "$folder"
  python3 -m venv "$folder" >&2
  "$folder/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" >&2
  ln -sf "$node/bin/node" "$folder/bin/node"
  cp "$here/package.json" "$here/package-lock.json" "$folder/"
  # Not `npm ci`, which refuses the lock file: a package of the inspector for Windows is not in the registry.
  (cd "$folder" && PATH="$node/bin:$PATH" npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
  echo "$inputs" >"$folder/.installed"
fi
echo "$folder"
