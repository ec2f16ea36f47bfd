#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the library, shared and static, into a folder of its own and builds programs against what
# is there, as a user would: examples/embed.c by pkg-config, and a C++ program by find_package.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

mkdir "$root/program"
cat >"$root/program/CMakeLists.txt" <<'TEXT'
cmake_minimum_required(VERSION 3.25)
project(program CXX)
find_package(gradstep 0.1 REQUIRED)
add_executable(program program.cpp)
target_compile_features(program PRIVATE cxx_std_17)
target_link_libraries(program PRIVATE gradstep::gradstep)
TEXT
cat >"$root/program/program.cpp" <<'TEXT'
#include <gradstep/gradstep.hpp>
#include <cstdio>
int main() {
  gradstep::context context;
  gradstep::rule sgd("sgd", {{"lr", 0.5}});
  float p = 2, g = 1;
  gradstep::parameter<float> tensor(sgd, &p, &g, 1);
  tensor.step(context, sgd, 1);
  std::printf("%g\n", p);
  return p == 1.5F ? 0 : 1;
}
TEXT

for shared in ON OFF; do
  prefix=$root/prefix-$shared
  cmake -S . -B "$root/build-$shared" -G Ninja -DCMAKE_BUILD_TYPE=Release -DGRADSTEP_FETCH=OFF \
    -DBUILD_SHARED_LIBS=$shared -DGRADSTEP_TESTS=OFF -DGRADSTEP_BENCH=OFF \
    -DGRADSTEP_EXAMPLES=OFF -DCMAKE_INSTALL_PREFIX="$prefix" >/dev/null
  cmake --build "$root/build-$shared" >/dev/null
  cmake --install "$root/build-$shared" >/dev/null

  cmake -S "$root/program" -B "$root/program-$shared" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
  cmake --build "$root/program-$shared" >/dev/null
  printf 'find_package, shared %s: ' $shared
  "$root/program-$shared/program"

  libdir=$(dirname "$(find "$prefix" -name gradstep.pc)")
  options=()
  [ $shared = ON ] || options=(--static)
  # shellcheck disable=SC2046
  cc -std=c99 -Wall -Wextra -Wpedantic -Werror examples/embed.c -o "$root/embed-$shared" \
    $(PKG_CONFIG_PATH=$libdir pkg-config "${options[@]}" --cflags --libs gradstep)
  printf 'pkg-config, shared %s: ' $shared
  LD_LIBRARY_PATH=$(dirname "$libdir") "$root/embed-$shared" | tee "$root/printed"
  grep -q '^y = 3.000 x' "$root/printed"
done
printf '4 passed, 0 failed\n'
