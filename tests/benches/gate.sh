#!/usr/bin/env bash
# Counts the instructions of one invocation by callgrind and compares them with instructions.txt: an increase of more than 2 % fails.
# It needs valgrind and builds `hot` in release mode. `gate.sh --write` writes the file.
#
# Counts depend on the compiler and the C library. If they are not those of the file, the ratios to the same work without the SDK are
# compared, which is compiled and counted in the same run.
set -euo pipefail
cd "$(dirname "$0")/../.."

file=tests/benches/instructions.txt
here="$(rustc --version) on $(uname -m)"
# `HOT` is the path of a binary that is built already.
[[ -n "${HOT:-}" ]] || cargo build --release --quiet -p bench-parts --bin hot
hot="${HOT:-${CARGO_TARGET_DIR:-target}/release/hot}"

# Prints all instructions of a run of this many invocations.
collected() {
  env -i AWS_LAMBDA_FUNCTION_NAME=users AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128 POWERTOOLS_SERVICE_NAME=users AWS_LAMBDA_LOG_FORMAT=JSON \
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$hot" "$1" "$2" 2>&1 >/dev/null |
    sed -n 's/.*Collected : //p'
}

# Two lengths, so that the start cancels out.
each() { echo $((($(collected "$1" 1100) - $(collected "$1" 100)) / 1000)); }

counts=""
for case in users users-metered users-by-hand orders orders-by-hand; do
  counts+="$case $(each "$case")"$'\n'
done

if [[ "${1:-}" == --write ]]; then
  printf '# Instructions of one invocation; written by gate.sh.\n# %s\n%s' "$here" "$counts" >"$file"
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
    for (name in was) {
      if (name ~ /-by-hand$/) continue
      hand = name
      sub(/-metered$/, "", hand)
      hand = hand "-by-hand"
      if (!(now[name] > 0 && now[hand] > 0 && was[hand] > 0)) { printf "%s: no count\n", name; failed = 1; continue }
      expected = same ? was[name] : was[name] * now[hand] / was[hand]
      change = 100 * (now[name] / expected - 1)
      bad = change > 2
      printf "%s: %d instructions, %.2f of the work without the SDK, %+.2f %%%s\n", name, now[name], now[name] / now[hand], change,
        bad ? ": more than 2 % up" : (change < -2 ? ": update the file with --write" : "")
      failed = failed || bad
    }
    exit failed
  }' "$file" <(printf '%s' "$counts")
