#!/usr/bin/env bash
# Installs the tools that check CDK apps, Terraform modules, serverless.yml and workflows, in pinned versions, into target/infrastructure,
# and prints that folder. It does nothing if they are installed. It needs Node.js 20 or later with npm, python3 with venv, and both
# registries. With `--check` it installs nothing and fails if they are missing, so that a test never reaches the network.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
packages=(check-jsonschema==0.39.0 zizmor==1.32.0 awscli==1.46.2)
target="${CARGO_TARGET_DIR:-$here/../../target}"
mkdir -p "$target"
tools="$(cd "$target" && pwd)/infrastructure"
stamp="$tools/.installed"
wanted="${packages[*]} $(cksum <"$here/package-lock.json")"

if [[ "${1:-}" == --check ]]; then
  if [[ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]]; then
    echo "the tools are not installed in $tools: run tests/infrastructure/install.sh first (it needs Node.js with npm, python3 with venv, and their registries)" >&2
    exit 1
  fi
  echo "$tools"
  exit
fi

# One installation at a time. The lock ends with this process; its file stays.
exec 9>"$tools.lock"
flock 9

if [[ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]]; then
  for program in node npm python3; do
    if ! command -v "$program" >/dev/null; then
      echo "$program is missing: install it (on Debian and Ubuntu, \`apt install nodejs npm python3-venv\`), then run this script again" >&2
      exit 1
    fi
  done
  mkdir -p "$tools"
  cp "$here/package.json" "$here/package-lock.json" "$tools/"
  npm ci --prefix "$tools" --no-audit --no-fund --silent >&2
  [[ -x "$tools/python/bin/pip" ]] || python3 -m venv --clear "$tools/python" >&2
  "$tools/python/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" >&2
  echo "$wanted" >"$stamp"
fi
echo "$tools"
