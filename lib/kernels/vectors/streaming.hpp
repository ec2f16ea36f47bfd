// SPDX-License-Identifier: Apache-2.0
//
// Stores past the caches, for what a large step writes and does not read again.
#pragma once

#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace gradstep::internal {
namespace {

/// Also the bytes that one call of `stream` moves; a divisor of every strip's.
constexpr std::size_t stream_alignment = 16;

/// Both aligned.
inline void stream(const unsigned char* from, unsigned char* to) {
#if defined(__x86_64__)
  _mm_stream_si128(reinterpret_cast<__m128i*>(to),
                   _mm_load_si128(reinterpret_cast<const __m128i*>(from)));
#else
  std::memcpy(to, from, stream_alignment);
#endif
}
/// Orders them before what this thread stores next.
inline void finish_streams() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

}  // namespace
}  // namespace gradstep::internal
