#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# toolchains.sh [NAME...]: builds everything with other compilers and dependencies, with warnings as
# errors, and runs every test. Without names: all of them. As root on Debian 12, with a network.
#
#     clang-14, clang-19   Debian 12's, with its xsimd 8.1 and oneTBB 2021.8
#     trixie               Debian 13: gcc 14, xsimd 13, oneTBB 2022
#     sid                  Debian unstable: the newest gcc, xsimd 14
#     riscv64              the same on RISC-V 64 with vectors, under QEMU: the rooms that depend on
#                          the processor, without the cases of minutes
set -euo pipefail
cd "$(dirname "$0")/../.."
packages="g++ cmake ninja-build pkg-config libxsimd-dev libtbb-dev zlib1g-dev libgtest-dev
          nlohmann-json3-dev python3 binutils libcli11-dev libeigen3-dev libbenchmark-dev libvalijson-dev
          libjs-chart.js gnuplot-nox"
[ $# -gt 0 ] || set -- clang-14 clang-19 trixie sid riscv64

# build_and_test NAME OPTION...
build_and_test='
  set -eo pipefail
  name=$1
  shift
  rm -rf "build/$name"
  mkdir -p build
  cmake --preset release -B "build/$name" -DGRADSTEP_FETCH=OFF "$@" >"build/$name.log" 2>&1 ||
    { tail -n 30 "build/$name.log"; exit 1; }
  "${CXX:-c++}" --version | head -n 1
  grep -m 2 -E "^(xsimd|TBB)_DIR" "build/$name/CMakeCache.txt"
  ninja -C "build/$name" >"build/$name.log" 2>&1 || { tail -n 60 "build/$name.log"; exit 1; }
  ctest --test-dir "build/$name" --output-on-failure -j "$(nproc)" |
    grep -v -E "^ +Start |Test +#.* (Passed|Disabled|\(Disabled\))|^ *$"'

# The emulated CPU has vectors of 128 bits, as the preset compiles for.
build_and_test_riscv64='
  set -eo pipefail
  DEBIAN_FRONTEND=noninteractive apt-get install -yq --no-install-recommends \
    g++-riscv64-linux-gnu qemu-user >/dev/null
  bash cmake/cross_sysroot.sh riscv64
  cmake --preset riscv64 >build/riscv64.log 2>&1 || { tail -n 30 build/riscv64.log; exit 1; }
  riscv64-linux-gnu-g++ --version | head -n 1
  grep -m 2 -E "^(xsimd|TBB)_DIR" build/riscv64/CMakeCache.txt
  rooms="abi kernels rules schedules step threads"
  ninja -C build/riscv64 gradstep $(printf "tests/%s/all " $rooms) >build/riscv64.log 2>&1 ||
    { tail -n 60 build/riscv64.log; exit 1; }
  GTEST_FILTER="-$(paste -sd: tests/tools/emulated_minutes.txt)" \
    ctest --test-dir build/riscv64 --no-tests=error --output-on-failure -j "$(nproc)" \
    -L "^(${rooms// /|})\$" | grep -v -E "^ +Start |Test +#.* Passed|^ *$"
  { timeout 60 qemu-riscv64 -cpu rv64,v=true,vlen=256 -L build/riscv64-sysroot \
      build/riscv64/tests/threads/gradstep_threads_tests --gtest_filter="context_misuse.nulls" || true; } |
    grep -F "this CPU can run no instruction set of this build"'

for name; do
  printf '\n-- %s\n' "$name"
  case $name in
    clang-*)
      command -v "$name" >/dev/null || apt-get install -yq "$name" >/dev/null
      CXX=clang++-${name#clang-} bash -c "$build_and_test" bash "$name" \
        -DCMAKE_CXX_COMPILER="clang++-${name#clang-}" -DCMAKE_C_COMPILER="$name"
      ;;
    trixie | sid)
      bash cmake/debian_system.sh "$name" "build/$name-system" "$packages" \
        bash -c "$build_and_test" bash "$name"
      ;;
    riscv64)
      bash cmake/debian_system.sh sid build/sid-system "$packages" \
        bash -c "$build_and_test_riscv64"
      ;;
    *)
      echo "toolchains.sh: there is no toolchain '$name'" >&2
      exit 2
      ;;
  esac
done
echo "$# toolchains passed"
