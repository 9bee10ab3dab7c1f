#!/usr/bin/env bash
# Installs the engines that the tests start, in pinned versions, into target/engines; prints the folder of their programs.
# Does nothing where they are installed already. Needs python3 with venv, and PyPI.
set -euo pipefail

packages=(ministack==1.5.33 aws-sam-translator==1.115.0 boto3==1.43.106 cargo-lambda==1.9.2 cfn-lint==1.58.0 aws-lambda-powertools==3.37.0)

target="${CARGO_TARGET_DIR:-$(dirname "$0")/../../target}"
mkdir -p "$target"
engines="$(cd "$target" && pwd)/engines"
stamp="$engines/.installed"

# One at a time: several test binaries may ask at once. The lock file outlives a failed installation, the lock does not.
exec 9>"$engines.lock"
flock 9

if [[ "$(cat "$stamp" 2>/dev/null)" != "${packages[*]}" ]]; then
  # Into the same folder: a test that runs at this moment keeps its programs.
  [[ -x "$engines/bin/pip" ]] || python3 -m venv --clear "$engines" >&2
  "$engines/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" >&2
  echo "${packages[*]}" >"$stamp"
fi
echo "$engines/bin"
