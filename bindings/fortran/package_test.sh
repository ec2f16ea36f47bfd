#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# package_test.sh BUILD: tests the Fortran package with the library of that build folder, and then what
# it packs, with README's program, in an empty project. If NEURAL_FORTRAN is the build folder of
# neural-fortran, its adapter is tested too.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$(realpath "$1")
mkdir -p "$here/../../build/fortran"
folder=$(realpath "$here/../../build/fortran")

section() { printf '\n-- %s\n' "$*"; }

# built FOLDER OPTION...: configures and builds the project of the present folder.
built() {
  cmake -G Ninja -S . -B "$@" -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$folder/installed" >/dev/null
  cmake --build "$1" --parallel 2 >"$1/build.log" || { cat "$1/build.log" >&2; exit 1; }
}

section "the declarations are those of the header"
python3 -B "$here/generate_c.py" --check
if command -v fprettify >/dev/null; then
  changes=$(fprettify -i 2 -l 120 -d "$here"/*/*.f90)
  [ -z "$changes" ] || { echo "fprettify changes: $changes" >&2; exit 1; }
else
  echo "fprettify is not installed: the formatting is not checked"
fi

section "the package, with the installed library: $(gfortran --version | head -n 1)"
rm -rf "$folder/installed" "$folder/tests"
cmake --install "$build" --prefix "$folder/installed" >/dev/null
export LD_LIBRARY_PATH=$folder/installed/lib
cd "$here"
[ -n "${NEURAL_FORTRAN:-}" ] || echo "NEURAL_FORTRAN is not set: its adapter is not tested"
built "$folder/tests" -DGRADSTEP_NEURAL_FORTRAN="${NEURAL_FORTRAN:-}" \
  -DCMAKE_Fortran_FLAGS="-Wall -Wextra -Werror -std=f2018"
ctest --test-dir "$folder/tests" --output-on-failure | grep -E '^ *[0-9]+/|tests passed|tests failed'

section "the run of every language"
checkpoint=$folder/same_run.safetensors
rm -f "$checkpoint"
"$folder/tests/same_run" "$checkpoint"
if [ -e "$checkpoint" ]; then
  echo "$(cat ../same_run.sha256)  $checkpoint" | sha256sum --check --quiet
  echo "the checkpoint has the SHA-256 of every language"
fi

section "the packed modules in an empty project"
rm -rf "$folder/packed" "$folder/empty"
mkdir -p "$folder/packed" "$folder/empty"
tar -C "$here" -ch CMakeLists.txt LICENSE README.md fpm.toml src neural_fortran | tar -C "$folder/packed" -x
sed -n '/^```fortran/,/^```/p' README.md | sed '1d;$d' >"$folder/empty/main.f90"
cat >"$folder/empty/CMakeLists.txt" <<TEXT
cmake_minimum_required(VERSION 3.20)
project(empty LANGUAGES Fortran)
add_subdirectory("$folder/packed" gradstep)
add_executable(main main.f90)
target_link_libraries(main PRIVATE gradstep::fortran)
TEXT
cd "$folder/empty"
built "$folder/empty/build"
"$folder/empty/build/main"
