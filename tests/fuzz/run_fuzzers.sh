#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: run_fuzzers.sh BUILD_FOLDER SECONDS NAME...
#
# Runs each fuzzer for so many seconds, as many side by side as there are CPUs, from the corpus that is
# kept and from a working corpus in the build folder, where new inputs go. Fails on a finding.
set -euo pipefail
build=$1
seconds=$2
shift 2
here=$(dirname "${BASH_SOURCE[0]}")

# The longest input that is worth its time.
declare -A max_len=([calls]=1200 [checkpoint]=12000 [steps]=160)

# run NAME: leaves its exit status in $build/fuzzing/NAME/status.
run() {
  local name=$1 work=$build/fuzzing/$1 status=0
  "$build/tests/fuzz/${name}_fuzzer" "$work/corpus" "$here/${name}_corpus" \
    -max_total_time="$seconds" -max_len="${max_len[$name]}" -timeout=60 -rss_limit_mb=3000 \
    -print_final_stats=1 -artifact_prefix="$work/finding-" >"$work/log" 2>&1 || status=$?
  echo $status >"$work/status"
}

# report NAME: prints what it did; fails on a finding.
report() {
  local name=$1 work=$build/fuzzing/$1 executions last edges corpus
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
  last=$(grep -E '^#[0-9]+.*cov: ' "$work/log" | tail -n 1)
  edges=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' <<<"$last")
  corpus=$(sed -n 's/.* corp: \([0-9]*\).*/\1/p' <<<"$last")
  printf '%s' "$name: ${executions:-0} executions, ${edges:-0} edges covered, ${corpus:-0} inputs in the corpus, "
  if [ "$(cat "$work/status")" = 0 ]; then
    echo "no finding"
    return 0
  fi
  echo "1 FINDING"
  tail -n 40 "$work/log"
  echo "the input that $name has found: $(ls "$work"/finding-* 2>/dev/null || echo none); the log: $work/log"
  return 1
}

for name in "$@"; do
  mkdir -p "$build/fuzzing/$name/corpus"
  rm -f "$build/fuzzing/$name"/finding-* "$build/fuzzing/$name/status"
  [ "$(jobs -rp | wc -l)" -lt "$(nproc)" ] || wait -n
  run "$name" &
done
wait
findings=0
for name in "$@"; do report "$name" || findings=$((findings + 1)); done
echo "$# fuzzers of $seconds s each, $findings findings"
[ $findings = 0 ]
