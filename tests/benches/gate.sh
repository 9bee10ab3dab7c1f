#!/usr/bin/env bash
# Counts what an invocation, a start and a binary cost and compares it with counts.txt: the instructions and the allocations of one
# invocation, the instructions until the first poll, the size of a binary. An increase of more than 2 % fails; of allocations, any.
# It needs valgrind and python3 and builds in release mode. `gate.sh --write` writes the file.
#
# Counts depend on the compiler and the C library. If they are not those of the file, the instructions of an invocation are compared as
# ratios to the same work without the SDK, which is compiled and counted in the same run, and the others are only printed.
set -euo pipefail
cd "$(dirname "$0")/../.."

file=tests/benches/counts.txt
here="$(rustc --version) on $(uname -m)"
cargo build --release --quiet -p bench-parts --bin hot
# Built apart from `hot`, whose features they do not have.
cargo build --release --quiet -p bench-users -p bench-orders --bin bench-users --bin bench-orders
built="${CARGO_TARGET_DIR:-target}/release"

# Runs so many invocations of a case under a tool of valgrind, and prints the number that follows the text.
counted() {
  env -i AWS_LAMBDA_FUNCTION_NAME=users AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128 POWERTOOLS_SERVICE_NAME=users AWS_LAMBDA_LOG_FORMAT=JSON \
    valgrind "--tool=$1" ${5:-} "$built/hot" "$3" "$4" 2>&1 >/dev/null | sed -n "s/.*$2\([0-9,]*\).*/\1/p" | tr -d ,
}
# Two lengths, so that the start cancels out.
instructions() {
  local tool=(callgrind 'Collected : ' "$1")
  echo $((($(counted "${tool[@]}" 1100 --callgrind-out-file=/dev/null) - $(counted "${tool[@]}" 100 --callgrind-out-file=/dev/null)) / 1000))
}
allocations() {
  local tool=(memcheck 'total heap usage: ' "$1")
  echo $((($(counted "${tool[@]}" 220) - $(counted "${tool[@]}" 20)) / 200))
}

counts=""
for case in users users-metered users-by-hand orders orders-by-hand mcp mcp-post; do
  counts+="$case $(instructions "$case")"$'\n'
done
for case in users orders; do
  counts+="allocations-$case $(allocations "$case")"$'\n'
  counts+="start-$case $(python3 tests/benches/start.py "$built/bench-$case")"$'\n'
  counts+="bytes-$case $(stat -c %s "$built/bench-$case")"$'\n'
done

if [[ "${1:-}" == --write ]]; then
  printf '# Written by gate.sh: instructions and allocations of one invocation, instructions of a start, bytes of a binary.\n# %s\n%s' "$here" "$counts" >"$file"
  cat "$file"
  exit
fi

same=$(grep -qxF "# $here" "$file" && echo 1 || echo 0)
[[ $same == 1 ]] || echo "the file was not written by $here: ratios to the same work without the SDK are compared"
awk -v same="$same" '
  /^#/ { next }
  NR == FNR { was[$1] = $2; next }
  { now[$1] = $2 }
  END {
    for (name in now) if (!(name in was)) { printf "%s: not in the file; write it with --write\n", name; failed = 1 }
    for (name in was) {
      if (name ~ /-by-hand$/ || name == "mcp-post") continue
      expected = was[name]
      limit = 2
      if (!(now[name] > 0)) { printf "%s: no count\n", name; failed = 1; continue }
      if (name ~ /^(allocations|start|bytes)-/) {
        if (!same) { printf "%s: %d\n", name, now[name]; continue }
        if (name ~ /^allocations-/) limit = 0
      } else {
        hand = name
        sub(/-metered$/, "", hand)
        hand = name == "mcp" ? "mcp-post" : hand "-by-hand"
        # check_47: a call of a tool costs at most a tenth more than the same work behind a POST.
        if (name == "mcp" && now[hand] > 0 && now[name] > 1.1 * now[hand]) { printf "mcp: %.2f of mcp-post, more than 1.10\n", now[name] / now[hand]; failed = 1 }
        if (!(now[hand] > 0 && was[hand] > 0)) { printf "%s: no count\n", hand; failed = 1; continue }
        if (!same) expected = was[name] * now[hand] / was[hand]
        name_ratio = sprintf(", %.2f of the work without the SDK", now[name] / now[hand])
      }
      change = 100 * (now[name] / expected - 1)
      bad = change > limit
      printf "%s: %d%s, %+.2f %%%s\n", name, now[name], name_ratio, change,
        bad ? ": more than the " limit " % that are allowed" : (change < -2 ? ": update the file with --write" : "")
      name_ratio = ""
      failed = failed || bad
    }
    exit failed
  }' "$file" <(printf '%s' "$counts")
