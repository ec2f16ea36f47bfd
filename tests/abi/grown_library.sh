#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Shows that structs can grow. Builds a later version of the library, in which every public struct
# has one more field, and runs today's test programs with it. Then the reverse: a program that was
# compiled with the later header runs with today's library.
#
# Usage: tests/abi/grown_library.sh [BUILD]     BUILD: the tree with today's library and test
# programs; else build/release
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/abi/compiler_cache.sh
build=$(realpath "${1:-build/release}")
root=$PWD/build/grown
tree=$root/tree
grown=$tree/build/release  # as the tree of today, so that a compiler cache knows what is as today
declare -A libraries=([today]=$build/lib [grown]=$grown/lib)
least=20               # programs that have to run

# Tests of numbers alone: the exhaustive conversions take hours, and these cases minutes.
left_out=(gradstep_nightly_tests)
cases_left_out='bias*:oracle*:*separate_passes_of*'

fail() {
  echo "grown_library.sh: $1" >&2
  exit 1
}

# quietly COMMAND...: prints the output only if the command fails.
quietly() {
  "$@" >"$root/log" 2>&1 || { tail -n 30 "$root/log" >&2; fail "failed: $*"; }
}

build_grown_library() {
  rm -rf "$root"
  mkdir -p "$tree"
  cp -r CMakeLists.txt cmake include lib "$tree"
  python3 -B tests/abi/grow_structs.py "$tree" >"$root/grown_structs"
  # The library's own initialisers lack the new fields.
  echo 'target_compile_options(gradstep PRIVATE -Wno-missing-field-initializers)' \
    >>"$tree/CMakeLists.txt"
  CCACHE_BASEDIR=$tree quietly cmake -S "$tree" -B "$grown" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DGRADSTEP_FETCH=OFF -DGRADSTEP_SHARED=ON -DGRADSTEP_TESTS=OFF -DGRADSTEP_BENCH=OFF \
    -DGRADSTEP_EXAMPLES=OFF -DGRADSTEP_INSTALL=OFF -DGRADSTEP_WARNINGS_AS_ERRORS=ON \
    -DCMAKE_UNITY_BUILD=ON
  CCACHE_BASEDIR=$tree quietly cmake --build "$grown" --target gradstep
}

# sizes INCLUDE: prints the size of each struct that has grown.
sizes() {
  {
    echo '#include <stdio.h>'
    echo '#include <gradstep/gradstep.h>'
    echo 'int main(void) {'
    sed 's/.*/printf("& %zu\\n", sizeof(&));/' "$root/grown_structs"
    echo 'return 0; }'
  } >"$root/sizes.c"
  cc -std=c99 -I"$1" "$root/sizes.c" -o "$root/sizes"
  "$root/sizes"
}

check_sizes() {
  sizes include >"$root/sizes_today"
  sizes "$tree/include" >"$root/sizes_grown"
  join "$root/sizes_today" "$root/sizes_grown" |
    awk '$3 != $2 + 8 { print $1 " has " $2 " bytes, and " $3 " with one more field"; wrong = 1 }
         END { exit wrong }' >&2 || fail "a struct has not grown by its new field"
  echo "$(wc -l <"$root/sizes_grown") structs have grown, by 8 bytes each"
}

# uses PROGRAM LIBRARY: fails unless the program runs with that library.
uses() {
  LD_LIBRARY_PATH=$2 ldd "$1" | grep -F "$2/libgradstep.so.0 " >/dev/null ||
    fail "$1 does not use $2/libgradstep.so.0"
}

# compile_every_struct HEADERS OUTPUT OPTION...
compile_every_struct() {
  local headers=$1 output=$2
  shift 2
  cc -std=c99 -Wall -Wextra -Wpedantic -Werror "$@" -I"$headers" tests/abi/every_struct.c \
    -L"${libraries[today]}" -lgradstep -o "$output"
}

# every_struct HEADER LIBRARY: the program that was compiled with that header, "today" or "grown",
# uses every struct that has grown.
every_struct() {
  local program=$root/every_struct_$1 library=${libraries[$2]}
  uses "$program" "$library"
  LD_LIBRARY_PATH=$library "$program" "$2" >"$root/used" ||
    fail "every_struct failed: header: $1, library: $2"
  diff <(sort "$root/grown_structs") <(head -n -1 "$root/used" | sort) >&2 ||
    fail "every_struct.c does not use all structs that have grown"
  echo "every_struct (header: $1, library: $2): $(tail -n 1 "$root/used")"
  ran=$((ran + 1))
}

# run NAME COMMAND...: starts a test of today, with the grown library, as many at a time as there are
# CPUs. Programs may leave files in the folder that they run in.
run() {
  local name=$1 folder=$root/runs/$1
  shift
  mkdir -p "$folder"
  [ "$(jobs -rp | wc -l)" -lt "$(nproc)" ] || wait -n || true
  (
    cd "$folder"
    status=0
    LD_LIBRARY_PATH=${libraries[grown]} "$@" >log 2>&1 || status=$?
    echo $status >status
  ) &
  started+=("$name")
}

# Waits for the tests, and prints what each has said.
report_runs() {
  local name status said
  wait
  for name in "${started[@]}"; do
    status=$(cat "$root/runs/$name/status")
    if [ "$status" != 0 ]; then
      tail -n 40 "$root/runs/$name/log" >&2
      failed+=("$name")
    fi
    said=$(grep 'PASSED\|FAILED TEST' "$root/runs/$name/log" | tr '\n' ' ' || true)
    printf '%-32s %s\n' "$name" "${said:-exit status $status}"
    ran=$((ran + 1))
  done
}

# Prints the test programs of the build tree, and the examples in C.
todays_programs() {
  ninja -C "$build" -t targets all |
    sed -nE 's/^(tests.*|examples.*): C(XX)?_EXECUTABLE_LINKER__.*/\1/p' |
    grep -E '/gradstep_[a-z_]+$|/embed$|/two_groups$' | sort
}

run_todays_programs() {
  local program name
  for program in $(todays_programs); do
    name=$(basename "$program")
    [[ " ${left_out[*]} " != *" $name "* ]] || continue
    [ -e "$build/$program" ] || fail "$build/$program is not there; ./dev test builds it"
    readelf -d "$build/$program" | grep 'NEEDED.*libgradstep' >/dev/null || continue
    uses "$build/$program" "${libraries[grown]}"
    case $name in
      gradstep_every_call | gradstep_process_settings_test | gradstep_small_stack_test)
        run "$name" "$build/$program" "$root/runs/$name" ;;
      *_test | *_tests) run "$name" "$build/$program" --gtest_brief=1 "--gtest_filter=-$cases_left_out" ;;
      *) run "$name" "$build/$program" ;;
    esac
  done
  run enumerate_and_step.py python3 -B "$PWD/tests/abi/enumerate_and_step.py" \
    "${libraries[grown]}/libgradstep.so"
  report_runs
}

[ -e "${libraries[today]}/libgradstep.so" ] ||
  fail "there is no shared library in $build; ./dev test builds it in build/release"
ran=0
started=()
failed=()
build_grown_library
check_sizes
compile_every_struct include "$root/every_struct_today"
compile_every_struct "$tree/include" "$root/every_struct_grown" -DGROWN
for header in today grown; do
  for library in today grown; do every_struct $header $library; done
done
run_todays_programs
[ ${#failed[@]} = 0 ] || fail "with the grown library, these failed: ${failed[*]}"
[ $ran -ge $least ] || fail "only $ran programs ran, and there should be $least"
echo "$ran programs passed, 0 failed"
