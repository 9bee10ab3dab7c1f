#!/usr/bin/env bash
# Writes provider.json: what the AWS provider of Terraform accepts for the types that the modules of the examples use. Run it after a
# module uses another type. It installs @cdktn/provider-aws (some 400 MB) from npm into target/infrastructure/provider; the checks need
# only the file.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
package=@cdktn/provider-aws@25.7.0
target="${CARGO_TARGET_DIR:-$here/../../target}"
folder="$target/infrastructure/provider"
mkdir -p "$folder"

[[ -d "$folder/node_modules/@cdktn/provider-aws" ]] ||
  npm install --prefix "$folder" --no-audit --no-fund --no-save --ignore-scripts --legacy-peer-deps --silent "$package" >&2
mapfile -t types < <(
  cat "$here"/../../examples/*/terraform/*.tf "$here"/../../examples/*/terraform/*/*.tf |
    sed -nE 's/^(resource|data|ephemeral) "(aws_[a-z0-9_]+)".*/\1:\2/p' | sort -u
)
node "$here/provider.mjs" "$folder/node_modules/@cdktn/provider-aws" "${types[@]}" >"$here/provider.json.new"
mv "$here/provider.json.new" "$here/provider.json"
