#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# The reports that the program makes, in a browser: one of the first result alone, one of all, and one
# of a copy of the first result with hostile texts. Fails if any of them does, after it has tested all.
#
# Usage: page_test.sh PROGRAM RESULT.json...    PROGRAM is gradstep-bench
#
# Needs Debian's package chromium. SCREENSHOTS=FOLDER keeps pictures and a PDF of each page.
set -euo pipefail
if [ $# -lt 2 ]; then
  echo "usage: $0 PROGRAM RESULT.json..." >&2
  exit 2
fi
program=$1
shift
here=$(dirname "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failed=()

# test_page NAME RESULT...
test_page() {
  local name=$1
  shift
  local options=()
  if [ -n "${SCREENSHOTS:-}" ]; then options=(--screenshots "$SCREENSHOTS/$name"); fi
  echo "page of $name"
  if ! "$program" report "$@" -o "$folder/$name.html" ||
    ! python3 -B "$here/page_test.py" "${options[@]}" "$folder/$name.html" "$@"; then
    failed+=("$name")
  fi
}

test_page "$(basename "$1" .json)" "$1"
if [ $# -gt 1 ]; then test_page "all results" "$@"; fi
python3 -B "$here/hostile_result.py" "$1" "$folder/hostile.json"
test_page "hostile texts" "$folder/hostile.json"

if [ ${#failed[@]} -gt 0 ]; then
  printf 'FAILED: the page of %s\n' "${failed[@]}" >&2
  exit 1
fi
