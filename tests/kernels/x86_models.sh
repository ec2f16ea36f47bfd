#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs build/release's tests on x86-64 CPUs that have less than this machine's, by QEMU: each picks
# the right instruction set, and executes no instruction that it lacks. A program that does so is
# the control: QEMU has to stop it.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=build/release
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
passed=0
illegal=132  # a shell's status of a program that SIGILL has ended

fail() {
  echo "x86_models.sh: $1" >&2
  exit 1
}

# on MODEL PROGRAM ARGUMENT...: QEMU names each feature that it cannot emulate; this is not ours.
on() {
  local model=$1
  shift
  qemu-x86_64 -cpu "$model" "$@" 2> >(grep -v 'TCG doesn.t support' >&2)
}

compile() {
  gcc -O1 "$@" -Iinclude -L$build/lib -Wl,-rpath,"$PWD/$build/lib" -lgradstep
}

cat >"$root/control.c" <<'TEXT'
#include <immintrin.h>
#include <stdio.h>
__attribute__((target("avx2,fma,f16c"))) static float avx2(float x) {
  const __m256 v = _mm256_fmadd_ps(_mm256_set1_ps(x), _mm256_set1_ps(2), _mm256_set1_ps(1));
  const __m256i i = _mm256_add_epi32(_mm256_castps_si256(v), _mm256_set1_epi32(1));
  return _mm256_cvtss_f32(_mm256_castsi256_ps(i));
}
__attribute__((target("avx"))) static float avx(float x) {
  return _mm256_cvtss_f32(_mm256_add_ps(_mm256_set1_ps(x), _mm256_set1_ps(x)));
}
int main(int argc, char** argv) {
  (void)argv;
  printf("%g\n", argc > 1 ? avx2(1) : avx(1));
  return 0;
}
TEXT
cat >"$root/level.c" <<'TEXT'
#include <gradstep/gradstep.h>
#include <stdio.h>
int main(void) {
  gradstep_context* context = NULL;
  gradstep_context_info info = {sizeof info, NULL, 0, 0, 0, NULL};
  if (gradstep_context_create(NULL, &context) != GRADSTEP_OK) return puts(gradstep_last_error()), 1;
  if (gradstep_context_describe(context, &info) != GRADSTEP_OK) return 2;
  puts(info.isa);
  gradstep_context_destroy(context);
  return 0;
}
TEXT
compile "$root/control.c" -o "$root/control"
compile "$root/level.c" -o "$root/level"

# control MODEL STATUS_OF_AVX STATUS_OF_AVX2
control() {
  local status=0
  (on "$1" "$root/control") >/dev/null 2>&1 || status=$?
  [ $status = "$2" ] || fail "on $1, AVX gave $status and not $2"
  status=0
  (on "$1" "$root/control" avx2) >/dev/null 2>&1 || status=$?
  [ $status = "$3" ] || fail "on $1, AVX2 gave $status and not $3"
  passed=$((passed + 2))
}

# refuses MODEL LEVEL: asked for, the level is refused with a sentence.
refuses() {
  local printed status=0
  printed=$(GRADSTEP_ISA=$2 on "$1" "$root/level") || status=$?
  case "$status $printed" in
    "1 GRADSTEP_ISA = \"$2\": this CPU lacks it"*) passed=$((passed + 1)) ;;
    *) fail "on $1, GRADSTEP_ISA=$2 gave $status: $printed" ;;
  esac
}

# tests MODEL PROGRAM FILTER
tests() {
  on "$1" "$build/tests/$2" --gtest_brief=1 --gtest_filter="$3" >"$root/log" ||
    { cat "$root/log" >&2; fail "tests failed on $1: $2"; }
  count=$((count + $(sed -n 's/^\[  PASSED  \] \([0-9]*\) tests\?\./\1/p' "$root/log")))
}

# model MODEL LEVEL
model() {
  local found count=0
  found=$(on "$1" "$root/level")
  [ "$found" = "$2" ] || fail "on $1 the library chose $found and not $2"
  tests "$1" rules/gradstep_rules_tests '*golden*:*equivalences*'
  tests "$1" kernels/gradstep_kernels_tests 'ops*:exactness*:nan_storage*:eight_bit_blocks*'
  tests "$1" step/gradstep_step_tests 'step_bits_table*:clipping*:gradient_norm*'
  [ $count -gt 50 ] || fail "only $count tests ran on $1"
  echo "$1: $2, $count tests passed"
  passed=$((passed + count + 1))
}

#       model         AVX       AVX2
control Opteron_G1  $illegal  $illegal
control Nehalem     $illegal  $illegal
control SandyBridge 0         $illegal
control Haswell     0         0
refuses Nehalem avx2
refuses SandyBridge avx2
refuses Haswell avx512
model Opteron_G1 baseline   # SSE2 alone, which every x86-64 CPU has
model Nehalem baseline
model SandyBridge baseline
model Haswell avx2
echo "$passed checks passed"
