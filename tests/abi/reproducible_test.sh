#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds and installs the shared library twice, from copies of the sources in two folders, and fails
# unless every installed file has the same bits. Compiles the whole library twice.
set -euo pipefail
cd "$(dirname "$0")/../.."
. tests/abi/compiler_cache.sh
. tests/abi/installed_files.sh
# A compiler cache may know a source again in its own folder, but not in the other one.
unset CCACHE_BASEDIR CCACHE_NOHASHDIR
root=$PWD/build/reproducible_test
rm -rf "$root"
mkdir -p "$root"
trap 'rm -rf "$root"' EXIT

fail() {
  echo "reproducible_test.sh: $1" >&2
  exit 1
}

# quietly COMMAND...: prints the output only if the command fails.
quietly() {
  "$@" >"$root/log" 2>&1 || { tail -n 30 "$root/log" >&2; fail "failed: $*"; }
}

# install_from FOLDER PREFIX: copies the sources to FOLDER, builds there, installs to PREFIX.
install_from() {
  mkdir -p "$1"
  cp -r CMakeLists.txt LICENSE cmake include lib "$1"
  quietly cmake -S "$1" -B "$1/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib -DGRADSTEP_FETCH=OFF \
    -DGRADSTEP_SHARED=ON -DGRADSTEP_TESTS=OFF -DGRADSTEP_BENCH=OFF -DGRADSTEP_EXAMPLES=OFF
  quietly cmake --build "$1/build"
  DESTDIR=$2 quietly cmake --install "$1/build"
  checks_no_mention "$2" "$root"
}

begin=$SECONDS
install_from "$root/first" "$root/installed_1"
install_from "$root/a second, longer place/sources" "$root/installed_2"
diff -r "$root/installed_1" "$root/installed_2" >&2 || fail "these files differ"
count=$(find "$root/installed_1" -type f | wc -l)
[ -e "$root/installed_1/usr/lib/libgradstep.so" ] || fail "no shared library was installed"
echo "$count installed files have the same bits, 0 differ ($((SECONDS - begin)) s)"
