// SPDX-License-Identifier: Apache-2.0
//
// Compiled with -O3 -march=native.
#include "move_runs.hpp"

#include <algorithm>
#include <stdexcept>

#include "touch.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace bench {
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
run_style style_of(std::size_t elements) {
  return {std::to_string(Bytes) + "-byte vectors, runs of " + std::to_string(elements) +
              (PastCaches ? ", written past caches" : ""),
          elements, move_run<access::read, PastCaches, Bytes>,
          move_run<access::write, PastCaches, Bytes>,
          move_run<access::read_and_write, PastCaches, Bytes>};
}

/// Arrays of which a run each is moved in turn.
class run_list {
 public:
  struct run {
    std::byte* data;
    std::size_t block_bytes;
    run_function move;
  };
  void add(const run& r) {
    if (count_ == most) throw std::out_of_range("a step of more arrays: raise run_list::most");
    runs_[count_++] = r;
  }
  void move(std::size_t begin, std::size_t elements) const {
    for (std::size_t s = 0; s < count_; ++s) {
      const run& r = runs_[s];
      r.move(r.data + begin * r.block_bytes / block_elements,
             elements * r.block_bytes / block_elements);
    }
  }

 private:
  static constexpr std::size_t most = 16;
  run runs_[most];
  std::size_t count_ = 0;
};

run_function function_of(const run_style& style, access mode) {
  switch (mode) {
    case access::read:
      return style.read;
    case access::write:
      return style.write;
    case access::read_and_write:
      return style.read_and_write;
  }
  return nullptr;
}

}  // namespace

std::vector<run_style> run_styles(const pass& p) {
  // Zen 4, float32, 2 threads, compared with roof_loops(), which know the number of arrays: runs of
  // 64 are as fast in memory, and runs of 1024 come within 5 % in cache.
  std::vector<run_style> styles = {style_of<widest, false>(64), style_of<widest, false>(256),
                                   style_of<widest, false>(1024), style_of<narrower, false>(1024)};
  if (std::any_of(p.begin(), p.end(), [](const stream& s) { return s.mode == access::write; })) {
    styles.push_back(style_of<widest, true>(64));
    styles.push_back(style_of<widest, true>(256));
  }
  return styles;
}

void move_runs(const pass& p, const run_style& style, std::size_t begin, std::size_t end) {
  run_list wide, scales;
  for (const stream& s : p) {
    (s.block_bytes < block_elements ? scales : wide)
        .add({s.data, s.block_bytes, function_of(style, s.mode)});
  }
  const std::size_t whole = std::max(style.elements, block_elements);
  std::size_t i = begin;
  for (; i + whole <= end; i += whole) {
    for (std::size_t k = 0; k < whole; k += style.elements) wide.move(i + k, style.elements);
    scales.move(i, whole);
  }
  for (const stream& s : p) {
    const std::size_t first = s.bytes_of(i);
    function_of(style, s.mode)(s.data + first, s.bytes_of(end) - first);
  }
}

}  // namespace bench
