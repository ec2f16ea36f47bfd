#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the library, shared and static, and builds programs with it as a user would:
# examples/embed.c by pkg-config and, in a project of C alone, by find_package; a C++ program by
# find_package. The library is installed at its configured place and elsewhere: by --prefix, by
# DESTDIR, moved, in a folder with the name that Debian uses, in paths with spaces. What is installed
# has no run path, and names no folder of the build.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/abi/compiler_cache.sh
. tests/abi/installed_files.sh
root=$PWD/build/install_test
# The library is built beside build/release and with its flags, so that a compiler cache has the
# objects already.
declare -A builds=([ON]=build/install_shared [OFF]=build/install_static)
rm -rf "$root" "${builds[@]}"
trap 'rm -rf "$root" "${builds[@]}"' EXIT
mkdir -p "$root"

passed=0

mkdir "$root/program" "$root/c program"
cat >"$root/c program/CMakeLists.txt" <<'TEXT'
cmake_minimum_required(VERSION 3.25)
project(program C)
find_package(gradstep 0.2 REQUIRED)
add_executable(program embed.c)
set_target_properties(program PROPERTIES C_STANDARD 99 C_EXTENSIONS OFF)
target_link_libraries(program PRIVATE gradstep::gradstep)
install(TARGETS program DESTINATION .)
TEXT
cp examples/embed.c "$root/c program"
cat >"$root/program/CMakeLists.txt" <<'TEXT'
cmake_minimum_required(VERSION 3.25)
project(program CXX)
find_package(gradstep 0.2 REQUIRED)
add_executable(program program.cpp)
target_compile_features(program PRIVATE cxx_std_17)
target_link_libraries(program PRIVATE gradstep::gradstep)
install(TARGETS program DESTINATION .)
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

fail() {
  echo "install_test.sh: $1" >&2
  exit 1
}

# quietly COMMAND...: prints the output only if the command fails.
quietly() {
  "$@" >"$root/log" 2>&1 || { cat "$root/log" >&2; fail "failed: $*"; }
}

# prints WANTED COMMAND...
prints() {
  local wanted=$1
  shift
  "$@" >"$root/printed"
  grep -q "^$wanted" "$root/printed" || fail "$* printed $(cat "$root/printed")"
  passed=$((passed + 1))
}

# by_pkg_config SHARED PREFIX LIBDIR
by_pkg_config() {
  local options=() flags
  [ "$1" = ON ] || options=(--static)
  flags=$(PKG_CONFIG_PATH=$2/$3/pkgconfig pkg-config "${options[@]}" --cflags --libs gradstep)
  # eval, because pkg-config puts backslashes before spaces.
  eval "cc -std=c99 -Wall -Wextra -Wpedantic -Werror examples/embed.c -o \"$root/embed\" $flags"
  LD_LIBRARY_PATH=$2/$3 prints 'y = 3.000 x' "$root/embed"
}

# by_find_package PREFIX PROJECT WANTED
by_find_package() {
  rm -rf "$root/built"
  quietly cmake -S "$root/$2" -B "$root/built" -G Ninja -DCMAKE_PREFIX_PATH="$1"
  quietly cmake --build "$root/built"
  prints "$3" "$root/built/program"
  quietly cmake --install "$root/built" --prefix "$root/installed program"
  has_no_run_path "$root/installed program" 1
}

# has_no_run_path FOLDER NUMBER: there are NUMBER libraries and programs in the folder, all without.
has_no_run_path() {
  checks_no_run_path "$1"
  [ "$run_paths_checked" = "$2" ] || fail "$1 has $run_paths_checked ELF files instead of $2"
  passed=$((passed + 1))
}

# uses SHARED PREFIX LIBDIR: builds the programs in all ways.
uses() {
  by_pkg_config "$@"
  by_find_package "$2" program 1.5
  by_find_package "$2" "c program" 'y = 3.000 x'
}

# configure SHARED OPTION...
configure() {
  local shared=$1
  shift
  quietly cmake --preset release -B "${builds[$shared]}" -DGRADSTEP_FETCH=OFF \
    -DBUILD_SHARED_LIBS="$shared" -DGRADSTEP_TESTS=OFF -DGRADSTEP_BENCH=OFF \
    -DGRADSTEP_EXAMPLES=OFF "$@"
  quietly cmake --build "${builds[$shared]}"
}

for shared in ON OFF; do
  build=${builds[$shared]}
  there=$root/there-$shared
  configure $shared -DCMAKE_INSTALL_PREFIX="$there" -DCMAKE_INSTALL_LIBDIR=lib
  quietly cmake --install "$build"
  uses $shared "$there" lib
  checks_no_mention "$there" "$PWD"
  [ $shared = OFF ] || has_no_run_path "$there" 1
  cmp include/gradstep/gradstep.json "$there/include/gradstep/gradstep.json" ||
    fail "the description of the C interface is not installed"
  quietly cmake --install "$build" --prefix "$root/by prefix"
  uses $shared "$root/by prefix" lib
  mv "$there" "$root/moved here"
  uses $shared "$root/moved here" lib
  DESTDIR=$root/destdir quietly cmake --install "$build"
  by_pkg_config $shared "$root/destdir$there" lib
  rm -rf "$root/by prefix" "$root/moved here" "$root/destdir"

  configure $shared -DCMAKE_INSTALL_LIBDIR=lib/x86_64-linux-gnu
  quietly cmake --install "$build" --prefix "$there"
  uses $shared "$there" lib/x86_64-linux-gnu
  rm -rf "$there"
  configure $shared -DCMAKE_INSTALL_LIBDIR="$root/abs lib" -DCMAKE_INSTALL_PREFIX="$there"
  quietly cmake --install "$build"
  by_pkg_config $shared "$root" "abs lib"
  rm -rf "$there" "$root/abs lib"
done
printf '%s passed, 0 failed\n' $passed
