#!/usr/bin/env bash
# Builds a function without and with its OpenAPI document, in release mode as it is deployed, and checks that a document which is not
# served costs nothing: there is no symbol of schemars, and the sections of code and data have the same size but for their layout. It needs nm
# and size (binutils). `openapi.sh openapi,pilaster/local` serves the document, and fails.
set -euo pipefail
cd "$(dirname "$0")/../.."

built="${CARGO_TARGET_DIR:-target}/release"
# Layout: what is inlined and how it is aligned depends on the order of functions. Seen: 16 and 544 bytes. A schema that is linked is more.
allowed=1024

# With its symbols, which the profile strips.
build() {
  cargo rustc --release --quiet -p bench-users --bin bench-users-documented "$@" -- -C strip=none
}
build
cp "$built/bench-users-documented" "$built/bench-users-undocumented"
build --features "${1:-openapi}"

named() { nm -C "$1" | grep -c "$2" || true; }
texts() { grep -cao "$2" "$1" || true; }
bytes() { size "$1" | awk 'NR == 2 { print $4 }'; }
failed=0
for binary in undocumented documented; do
  file="$built/bench-users-$binary"
  # The symbols are there, or finding none would mean nothing.
  [[ "$(named "$file" serde_json)" -gt 10 ]] || { echo "$binary: no symbols"; failed=1; }
  schemas="$(named "$file" schemars)"
  # Also paths of its sources, which a panic has.
  texts="$(texts "$file" schemars)"
  echo "$binary: $(bytes "$file") bytes of code and data, $schemas symbols and $texts texts with \`schemars\`"
  [[ "$schemas$texts" == 00 ]] || failed=1
done
difference=$(($(bytes "$built/bench-users-documented") - $(bytes "$built/bench-users-undocumented")))
echo "difference: $difference bytes of $allowed that are allowed"
((${difference#-} <= allowed)) || failed=1
exit "$failed"
