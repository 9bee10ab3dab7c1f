#!/usr/bin/env bash
# Installs the reference implementation of GraphQL into target/engines/graphql, and prints that folder. It does nothing if it is installed.
# It needs the registry of npm. With `--check` it installs nothing and fails if it is missing, so that a test never reaches the network.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
target="${CARGO_TARGET_DIR:-$here/../../target}"
mkdir -p "$target/engines"
folder="$(cd "$target" && pwd)/engines/graphql"
inputs="$(cat "$here/package.json" "$here/package-lock.json" | cksum)"

if [[ "$(cat "$folder/.installed" 2>/dev/null)" != "$inputs" ]]; then
  if [[ "${1:-}" == --check ]]; then
    echo "graphql is not installed in $folder: run tests/engines/install.sh first (it needs the registry of npm)" >&2
    exit 1
  fi
  # Node.js of the pages "coming from".
  node="$("$here/../migration/install.sh")"
  rm -rf "$folder"
  mkdir -p "$folder/bin"
  ln -sf "$node/bin/node" "$folder/bin/node"
  cp "$here/package.json" "$here/package-lock.json" "$folder/"
  (cd "$folder" && PATH="$node/bin:$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
  echo "$inputs" >"$folder/.installed"
fi
echo "$folder"
