#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Configuring for a target that is 32-bit, big-endian or without vectors stops with a sentence that
# says why.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
passed=0
# Headers alone, so this system's serve another target too.
xsimd=$(find /usr/lib /usr/share /usr/local -name xsimdConfig.cmake -print -quit)

# refused SENTENCE COMPILER FLAGS
refused() {
  local status=0
  cat >"$root/toolchain.cmake" <<TEXT
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${2%%-linux*})
set(CMAKE_C_COMPILER ${2/g++/gcc})
set(CMAKE_CXX_COMPILER $2)
set(CMAKE_C_FLAGS_INIT "$3")
set(CMAKE_CXX_FLAGS_INIT "$3")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
TEXT
  rm -rf "$root/build"
  cmake -S . -B "$root/build" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$root/toolchain.cmake" \
    -DGRADSTEP_FETCH=OFF -DGRADSTEP_TESTS=OFF -DGRADSTEP_BENCH=OFF -DGRADSTEP_EXAMPLES=OFF \
    -Dxsimd_DIR="${xsimd%/*}" >"$root/log" 2>&1 || status=$?
  if [ $status = 0 ] || ! tr -s '\n ' ' ' <"$root/log" | grep -q "$1"; then
    cat "$root/log" >&2
    echo "refused_targets.sh: configuring with $2 $3 gave $status without '$1'" >&2
    exit 1
  fi
  passed=$((passed + 1))
}

refused "has 32-bit pointers, and gradstep needs 64-bit ones" g++ -m32
refused "is big-endian, and gradstep needs a little-endian one" s390x-linux-gnu-g++ ""
refused "has no vectors of float64 for the target" riscv64-linux-gnu-g++ ""
echo "$passed targets refused"
