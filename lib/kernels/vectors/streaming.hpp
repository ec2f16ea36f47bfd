// SPDX-License-Identifier: Apache-2.0
//
// Stores that bypass the caches, for data that a large step writes and does not read again.
#pragma once

#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

namespace gradstep::internal {
namespace {

/// Also the number of bytes that one call of stream() moves. It divides the size of every strip.
constexpr std::size_t stream_alignment = 16;

/// Both pointers are aligned to stream_alignment.
inline void stream(const unsigned char* from, unsigned char* to) {
#if defined(__x86_64__)
  _mm_stream_si128(reinterpret_cast<__m128i*>(to),
                   _mm_load_si128(reinterpret_cast<const __m128i*>(from)));
#else
  std::memcpy(to, from, stream_alignment);
#endif
}
/// Orders all streamed data before this thread's next stores.
inline void finish_streams() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

}  // namespace
}  // namespace gradstep::internal
