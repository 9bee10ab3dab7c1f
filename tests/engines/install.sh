#!/usr/bin/env bash
# Installs the engines that the tests of this folder start, in pinned versions, into target/engines, and prints the folder of their programs.
# It does nothing if they are installed. It needs python3 with venv, PyPI, and npm's registry for the tests in tests/migration. With
# `--check` it installs nothing and fails if they are missing, so that a test never reaches the network.
set -euo pipefail

packages=(ministack==1.5.33 aws-sam-translator==1.115.0 boto3==1.43.106 cargo-lambda==1.9.2 cfn-lint==1.58.0 aws-lambda-powertools==3.37.0 cryptography==50.0.2)
# Apart from the others: it wants another version of boto3 than ministack.
sam=aws-sam-cli==1.170.0

target="${CARGO_TARGET_DIR:-$(dirname "$0")/../../target}"
mkdir -p "$target"
engines="$(cd "$target" && pwd)/engines"
stamp="$engines/.installed"

if [[ "${1:-}" == --check ]]; then
  if [[ "$(cat "$stamp" 2>/dev/null)" != "${packages[*]} $sam" ]]; then
    echo "the engines are not installed in $engines: run tests/engines/install.sh first (it needs python3 with venv, and PyPI)" >&2
    exit 1
  fi
  echo "$engines/bin"
  exit
fi

# One installation at a time. The lock ends with this process; its file stays.
exec 9>"$engines.lock"
flock 9

if [[ "$(cat "$stamp" 2>/dev/null)" != "${packages[*]} $sam" ]]; then
  if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    echo "python3 with venv is missing: install both (on Debian and Ubuntu, \`apt install python3-venv\`), then run this script again" >&2
    exit 1
  fi
  # Into the same folder: a running test keeps its programs.
  [[ -x "$engines/bin/pip" ]] || python3 -m venv --clear "$engines" >&2
  "$engines/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" >&2
  [[ -x "$engines/sam/bin/pip" ]] || python3 -m venv --clear "$engines/sam" >&2
  "$engines/sam/bin/pip" install --quiet --disable-pip-version-check "$sam" >&2
  ln -sf ../sam/bin/sam "$engines/bin/sam"
  echo "${packages[*]} $sam" >"$stamp"
fi
# Node.js, middy and Powertools for TypeScript; with a check of its own.
"$(dirname "$0")/../migration/install.sh" >/dev/null
# What checks CDK apps, Terraform modules and serverless.yml.
"$(dirname "$0")/../infrastructure/install.sh" >/dev/null
# What reads OpenAPI documents.
"$(dirname "$0")/../contract/install.sh" >/dev/null
# What judges MCP servers.
"$(dirname "$0")/../mcp/install.sh" >/dev/null
echo "$engines/bin"
