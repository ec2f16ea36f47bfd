// SPDX-License-Identifier: Apache-2.0
#include "kernels/isa.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace gradstep::internal {

extern const kernel_table kernels_baseline;
#if defined(__x86_64__)
extern const kernel_table kernels_avx2;
extern const kernel_table kernels_avx512;
#endif

namespace {

[[maybe_unused]] bool always() { return true; }

#if defined(__x86_64__)

struct cpuid_leaf {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  cpuid_leaf(unsigned leaf, unsigned subleaf) {
    if (!__get_cpuid_count(leaf, subleaf, &eax, &ebx, &ecx, &edx)) eax = ebx = ecx = edx = 0;
  }
};

constexpr bool has_all(unsigned bits, unsigned wanted) { return (bits & wanted) == wanted; }

/// The register state that the operating system saves: XCR0.
unsigned saved_state() {
  constexpr unsigned osxsave = 1U << 27;
  if (!has_all(cpuid_leaf(1, 0).ecx, osxsave)) return 0;
  unsigned low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

// What lib/kernels/CMakeLists.txt compiles each level with, no more and no less.

bool has_avx2() {
  constexpr unsigned fma = 1U << 12, avx = 1U << 28, f16c = 1U << 29, avx2 = 1U << 5;
  constexpr unsigned xmm_and_ymm = 0x6;
  return has_all(saved_state(), xmm_and_ymm) && has_all(cpuid_leaf(1, 0).ecx, fma | avx | f16c) &&
         has_all(cpuid_leaf(7, 0).ebx, avx2);
}

bool has_avx512() {
  constexpr unsigned f = 1U << 16, dq = 1U << 17, cd = 1U << 28, bw = 1U << 30, vl = 1U << 31;
  constexpr unsigned mask_and_zmm = 0xE0;
  return has_avx2() && has_all(saved_state(), mask_and_zmm) &&
         has_all(cpuid_leaf(7, 0).ebx, f | dq | cd | bw | vl);
}

constexpr isa_level levels[] = {
    {&kernels_baseline, always},
    {&kernels_avx2, has_avx2},
    {&kernels_avx512, has_avx512},
};

#elif defined(__riscv_v_fixed_vlen)

/// Whether the CPU's vectors have as many bits as this build's: not fewer, and not more.
bool has_vectors_of_this_build() {
  unsigned long bytes = 0;
  __asm__("csrr %0, vlenb" : "=r"(bytes));
  return 8 * bytes == __riscv_v_fixed_vlen;
}

constexpr isa_level levels[] = {{&kernels_baseline, has_vectors_of_this_build}};

#else

constexpr isa_level levels[] = {{&kernels_baseline, always}};

#endif

}  // namespace

std::span<const isa_level> isa_levels() { return levels; }

}  // namespace gradstep::internal
