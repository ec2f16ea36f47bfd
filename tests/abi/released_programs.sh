#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Compiles the programs of every release in tests/abi/released with that release's headers, and runs
# them with today's library. Together, a release's programs use each of its functions.
#
# Usage: tests/abi/released_programs.sh [LIBRARY_FOLDER]     else build/release/lib
set -euo pipefail
cd "$(dirname "$0")/../.."
library=$(realpath "${1:-build/release/lib}")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
programs=0
releases=0

fail() {
  echo "released_programs.sh: $1" >&2
  exit 1
}

# compile SOURCE OUTPUT RELEASE: SOURCE is a file, or the folder of a program of several.
compile() {
  local compiler=(c++ -std=c++20) inputs=("$1")
  [ "${1##*.}" != c ] || compiler=(cc -std=c99)
  [ -f "$1" ] || mapfile -t inputs < <(echo "-I$1" && find "$1" -name '*.cpp')
  "${compiler[@]}" -Wall -Wextra -Werror -I"$3" "${inputs[@]}" -L"$library" -lgradstep -o "$2"
}

# arguments_of NAME: what the program NAME expects on its command line.
arguments_of() {
  case $1 in
    every_struct) echo today ;;
    every_call) mkdir -p "$root/files" && echo "$root/files" ;;
  esac
}

# run RELEASE SOURCE
run() {
  local name program=$root/program
  name=$(basename "$2")
  name=${name%.*}
  compile "$2" "$program" "$1" || fail "$2 does not compile"
  LD_LIBRARY_PATH=$library ldd "$program" | grep -F "$library/libgradstep.so." >/dev/null ||
    fail "$2 does not use the library in $library"
  # shellcheck disable=SC2046 # no argument, or one word
  LD_LIBRARY_PATH=$library "$program" $(arguments_of "$name") >"$root/log" 2>&1 || {
    tail -n 20 "$root/log" >&2
    fail "$2 failed with today's library"
  }
  nm --undefined-only "$program" | sed -nE 's/.* (gradstep_\w+)@.*/\1/p' >>"$root/used"
  programs=$((programs + 1))
}

# check_functions RELEASE: its programs have used all of its functions.
check_functions() {
  sed -nE "s/.*<elf-symbol name='(\w+)'.*/\1/p" "$1/gradstep.abi" | sort -u >"$root/functions"
  [ -s "$root/functions" ] || fail "$1/gradstep.abi names no function"
  sort -u "$root/used" | comm -13 - "$root/functions" >"$root/unused"
  [ ! -s "$root/unused" ] || fail "no program of $1 calls $(tr '\n' ' ' <"$root/unused")"
  echo "$(basename "$1"): $(wc -l <"$root/functions") functions called"
}

for release in tests/abi/released/*/; do
  release=${release%/}
  : >"$root/used"
  for source in "$release"/programs/*; do
    [ "${source##*.}" = h ] || run "$release" "$source"
  done
  check_functions "$release"
  releases=$((releases + 1))
done
[ $releases -gt 0 ] || fail "there is no release in tests/abi/released"
echo "programs of released versions: $programs passed, 0 failed (releases: $releases)"
