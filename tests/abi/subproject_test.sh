#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# gradstep as a part of another project's build, in tests/abi/subproject:
#
#     tests/abi/subproject_test.sh static      builds it in a host with hostile flags, and compares
#                                              the bits with build/release's (minutes)
#     tests/abi/subproject_test.sh shared      the same as a shared library, under other flags
#     tests/abi/subproject_test.sh configure   configures hosts that check their own settings
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/abi/compiler_cache.sh
case ${1:-} in
  configure) root=$(mktemp -d) ;;
  *) # always the same place, so that a compiler cache knows the sources again
    root=$PWD/build/subproject_test
    rm -rf "$root"
    mkdir -p "$root"
    ;;
esac
trap 'rm -rf "$root"' EXIT
cp -r tests/abi/subproject "$root/a host"
passed=0
# A release as hosts download it, with the least that builds the library.
tar -czf "$root/gradstep.tar.gz" CMakeLists.txt LICENSE cmake include lib

# A host's own build has none of this environment's settings.
unset BUILD_SHARED_LIBS

# configure NAME OPTION...: configures the host in $root/NAME.
configure() {
  local name=$1
  shift
  if ! cmake -S "$root/a host" -B "$root/$name" -G Ninja -DHOST_GRADSTEP="$PWD" \
    -DGRADSTEP_FETCH=OFF "$@" >"$root/$name.log" 2>&1; then
    echo "subproject_test.sh: configuring the host '$name' failed" >&2
    grep -v '^--' "$root/$name.log" >&2
    exit 1
  fi
}

fail() { echo "subproject_test.sh: $1" >&2; exit 1; }

# installs NAME WANTED...: installing the host gives files with these names.
installs() {
  local name=$1 found
  shift
  find "$root/$name.installed" -type f -exec basename {} \; | sort >"$root/found"
  found=$(tr '\n' ' ' <"$root/found")
  [ "$found" = "$*" ] || fail "installing the host '$name' gave: $found"
  passed=$((passed + 1))
}

configure_only() {
  configure plain -DHOST_EXPECTS=STATIC_LIBRARY
  cmake --install "$root/plain" --prefix "$root/plain.installed" >/dev/null
  installs plain "part.c "
  [ -z "$(cd "$root/plain" && ctest -N | grep 'Test *#')" ] || fail "the host has gradstep's tests"
  [ -z "$(ninja -C "$root/plain" -t query gradstep_step_tests 2>/dev/null)" ] ||
    fail "the host builds gradstep's tests"
  configure shared -DHOST_EXPECTS=SHARED_LIBRARY -DBUILD_SHARED_LIBS=ON -DHOST_FETCHES="$PWD" \
    -DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON -DCMAKE_UNITY_BUILD=ON
  # A host that changes an option keeps nothing of the old one.
  configure shared -DHOST_EXPECTS=STATIC_LIBRARY -DBUILD_SHARED_LIBS=OFF
  configure own -DHOST_EXPECTS=SHARED_LIBRARY -DGRADSTEP_SHARED=ON -DCMAKE_CXX_STANDARD=17
  passed=$((passed + 4))
}

# same_bits NAME: the program has the same bits in that host and in the library's own build.
same_bits() {
  "$root/$1/host_bits" >"$root/$1.bits" || fail "the program of the host '$1' failed"
  diff "$root/own.bits" "$root/$1.bits" >&2 || fail "the host '$1' changed the bits"
  passed=$((passed + 1))
}

build() {
  cmake --build "$root/$1" --target host_bits host_part >"$root/$1.log" 2>&1 || {
    grep -v '^\[' "$root/$1.log" | head -n 40 >&2
    fail "building the host '$1' failed"
  }
}

own_bits() {
  [ -e "$library" ] || fail "there is no $library; build it first, by ./dev library"
  mkdir "$root/own"
  cc -std=c99 -Iinclude tests/abi/subproject/bits.c "$library" \
    -Wl,-rpath,"$(cd "$(dirname "$library")" && pwd)" -o "$root/own/host_bits"
  "$root/own/host_bits" >"$root/own.bits"
}

fast="-ffast-math -march=native -flto -fno-exceptions -fno-rtti"
warnings="-Wall;-Wextra;-Wpedantic;-Wconversion;-Wshadow;-Werror"

as_static_library() {
  own_bits
  # A host in C alone, without a build type, that downloads gradstep (from a local archive). Flags
  # for C++ come from its command line.
  configure c_only -DHOST_LANGUAGES=C -DHOST_FETCHES="$root/gradstep.tar.gz" \
    -DHOST_EXPECTS=STATIC_LIBRARY "-DHOST_OPTIONS=$warnings" \
    -DCMAKE_CXX_FLAGS="$fast -fno-threadsafe-statics -Wall -Wconversion -Werror" \
    -DCMAKE_UNITY_BUILD=ON -DCMAKE_COMPILE_WARNING_AS_ERROR=ON
  build c_only
  same_bits c_only
  # With GRADSTEP_INSTALL its files are installed with those of the host.
  configure c_only -DGRADSTEP_INSTALL=ON
  cmake --build "$root/c_only" >/dev/null
  cmake --install "$root/c_only" --prefix "$root/c_only.installed" >/dev/null
  installs c_only "$(printf '%s ' c_calls.hpp contexts.hpp dlib.hpp eigen.hpp ensmallen.hpp \
    gradstep-config-version.cmake gradstep-config.cmake gradstep-targets-noconfig.cmake \
    gradstep-targets.cmake gradstep.h gradstep.hpp gradstep.json gradstep.pc libgradstep.a \
    loss_scalers.hpp one_tensor.hpp optimizers.hpp parameters.hpp part.c rules.hpp schedules.hpp \
    stateless_steps.hpp torch.hpp torch_options.hpp torch_params.hpp torch_state.hpp \
    typed_arrays.hpp)"
}

as_shared_library() {
  own_bits
  # A shared library in a C++ host. Flags come from the folder and the build type.
  configure flags -DHOST_EXPECTS=SHARED_LIBRARY -DGRADSTEP_SHARED=ON -DCMAKE_BUILD_TYPE=Release \
    "-DHOST_OPTIONS=$warnings;-funsafe-math-optimizations;-ffp-contract=fast;-fvisibility=default" \
    -DCMAKE_CXX_FLAGS_RELEASE="-Ofast -fno-fast-math -ffp-contract=off -fno-trapping-math -mavx2" \
    -DCMAKE_SHARED_LINKER_FLAGS="-ffast-math" -DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON
  build flags
  same_bits flags
  # A library that is linked with -ffast-math sets the processor's mode when it is loaded.
  ! readelf -Ws "$root"/flags/gradstep/lib/libgradstep.so | grep -q set_fast_math ||
    fail "the shared library sets flush-to-zero when it is loaded"
}

library=build/release/lib/libgradstep.so
case ${1:-} in
  configure) configure_only ;;
  static) as_static_library ;;
  shared) as_shared_library ;;
  *) fail "usage: subproject_test.sh static|shared|configure" ;;
esac
printf '%s passed, 0 failed\n' $passed
