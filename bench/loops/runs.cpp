// SPDX-License-Identifier: Apache-2.0
//
// Loops that move the bytes of one array.
#include <cstring>

#include "../traffic.hpp"
#include "tables.hpp"
#include "touch.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bench::GRADSTEP_BENCH_LEVEL {
namespace {

template <class Vector>
[[gnu::always_inline]] inline void store_past_caches(std::byte* at, Vector value) {
#if defined(__AVX512F__)
  if constexpr (sizeof value == 64) {
    return _mm512_stream_si512(reinterpret_cast<__m512i*>(at), (__m512i)value);
  }
#endif
#if defined(__x86_64__)
  for (std::size_t i = 0; i < sizeof value; i += 16) {
    __m128i part;
    std::memcpy(&part, reinterpret_cast<const char*>(&value) + i, 16);
    _mm_stream_si128(reinterpret_cast<__m128i*>(at + i), part);
  }
#else
  std::memcpy(at, &value, sizeof value);
#endif
}

template <access Mode, bool PastCaches, std::size_t Unroll, class Vector>
[[gnu::always_inline]] inline void move_vectors(std::byte* at) {
  Vector values[Unroll] = {};
#pragma GCC unroll 8
  for (std::size_t k = 0; k < Unroll; ++k) {
    if constexpr (Mode != access::write) {
      std::memcpy(&values[k], at + k * sizeof(Vector), sizeof(Vector));
    }
    touch(values[k]);
  }
#pragma GCC unroll 8
  for (std::size_t k = 0; k < Unroll; ++k) {
    if constexpr (Mode == access::write && PastCaches) {
      store_past_caches(at + k * sizeof(Vector), values[k]);
    } else if constexpr (Mode != access::read) {
      std::memcpy(at + k * sizeof(Vector), &values[k], sizeof(Vector));
    }
  }
}

template <access Mode, bool PastCaches, std::size_t Bytes>
void move_run(std::byte* at, std::size_t bytes) {
  using vector = typename vector_of<Bytes>::type;
  constexpr std::size_t unroll = 4;
  std::byte* const end = at + bytes;
  for (; at + unroll * Bytes <= end; at += unroll * Bytes) {
    move_vectors<Mode, PastCaches, unroll, vector>(at);
  }
  for (; at + Bytes <= end; at += Bytes) move_vectors<Mode, PastCaches, 1, vector>(at);
  // What is left: the end of an array, or scales of 8-bit dtypes.
  for (; at + sizeof(float) <= end; at += sizeof(float)) move_vectors<Mode, false, 1, float>(at);
  for (; at < end; ++at) {
    volatile std::byte& byte = *at;
    const std::byte value = Mode == access::write ? std::byte{0} : byte;
    if (Mode != access::read) byte = value;
  }
}

template <std::size_t Bytes, bool PastCaches>
constexpr run_style style_of(std::size_t elements) {
  return {Bytes,
          elements,
          PastCaches,
          move_run<access::read, PastCaches, Bytes>,
          move_run<access::write, PastCaches, Bytes>,
          move_run<access::read_and_write, PastCaches, Bytes>};
}

}  // namespace

// The styles to choose the fastest from. Zen 4, float32, 2 threads, compared with strips, which
// know the number of arrays: runs of 64 are as fast in memory, and runs of 1024 come within 5 % in
// cache.
constinit const run_style runs[run_count] = {
    style_of<widest, false>(64),     style_of<widest, false>(256), style_of<widest, false>(1024),
    style_of<narrower, false>(1024), style_of<widest, true>(64),   style_of<widest, true>(256)};

}  // namespace bench::GRADSTEP_BENCH_LEVEL
