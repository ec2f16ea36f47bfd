#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# usage: run_fuzzers.sh BUILD_FOLDER SECONDS NAME...
#
# Runs each fuzzer for so many seconds, from the corpus that is kept and from a working corpus in the
# build folder, where new inputs go. Fails on a finding.
set -euo pipefail
build=$1
seconds=$2
shift 2
here=$(dirname "${BASH_SOURCE[0]}")

# The longest input that is worth its time.
declare -A max_len=([calls]=1200 [checkpoint]=12000 [steps]=160)

findings=0
for name in "$@"; do
  work=$build/fuzzing/$name
  mkdir -p "$work/corpus"
  rm -f "$work"/finding-*
  status=0
  "$build/tests/fuzz/${name}_fuzzer" "$work/corpus" "$here/${name}_corpus" \
    -max_total_time="$seconds" -max_len="${max_len[$name]}" -timeout=60 -rss_limit_mb=3000 \
    -print_final_stats=1 -artifact_prefix="$work/finding-" >"$work/log" 2>&1 || status=$?
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
  last=$(grep -E '^#[0-9]+.*cov: ' "$work/log" | tail -n 1)
  edges=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' <<<"$last")
  corpus=$(sed -n 's/.* corp: \([0-9]*\).*/\1/p' <<<"$last")
  result="no finding"
  if [ $status != 0 ]; then
    result="1 FINDING"
    findings=$((findings + 1))
    tail -n 40 "$work/log"
    echo "the input that $name has found: $(ls "$work"/finding-* 2>/dev/null || echo none); the log: $work/log"
  fi
  echo "$name: ${executions:-0} executions, ${edges:-0} edges covered, ${corpus:-0} inputs in the corpus, $result"
done
echo "$# fuzzers of $seconds s each, $findings findings"
[ $findings = 0 ]
