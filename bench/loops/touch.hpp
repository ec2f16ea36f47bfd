// SPDX-License-Identifier: Apache-2.0
//
// Vectors, and a way to make the compiler keep loads and stores of them though nothing is computed.
// For files that are compiled for each instruction set: all is in that one's namespace.
#pragma once

#include <cstddef>
#include <cstring>

namespace bench::GRADSTEP_BENCH_LEVEL {

#if defined(__AVX512F__)
inline constexpr std::size_t widest = 64;
#elif defined(__AVX__)
inline constexpr std::size_t widest = 32;
#else
inline constexpr std::size_t widest = 16;
#endif
inline constexpr std::size_t narrower = widest == 16 ? 16 : widest / 2;

template <std::size_t Bytes>
struct vector_of {
  typedef char type __attribute__((vector_size(Bytes)));
};

/// Makes the compiler believe that the value is used and changed, so that it keeps the loads and
/// stores.
template <class Vector>
[[gnu::always_inline]] inline void touch(Vector& value) {
#if defined(__x86_64__)
  __asm__ volatile("" : "+v"(value));
#elif defined(__aarch64__)
  __asm__ volatile("" : "+w"(value));
#else
  __asm__ volatile("" : "+m"(value));
#endif
}

}  // namespace bench::GRADSTEP_BENCH_LEVEL
