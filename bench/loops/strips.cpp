// SPDX-License-Identifier: Apache-2.0
//
// Loops that move the bytes of equally wide arrays in place, without arithmetic.
#include <cstring>
#include <utility>

#include "tables.hpp"
#include "touch.hpp"

namespace bench::GRADSTEP_BENCH_LEVEL {
namespace {

template <std::size_t Bytes, std::size_t Unroll, bool Writes>
[[gnu::always_inline]] inline void move_strip(std::byte* at) {
  using vector = typename vector_of<Bytes>::type;
  vector values[Unroll];
#pragma GCC unroll 8
  for (std::size_t k = 0; k < Unroll; ++k) {
    std::memcpy(&values[k], at + k * Bytes, Bytes);
    touch(values[k]);
  }
  if constexpr (Writes) {
#pragma GCC unroll 8
    for (std::size_t k = 0; k < Unroll; ++k) std::memcpy(at + k * Bytes, &values[k], Bytes);
  }
}

void move_element(std::byte* at, bool writes) {
  float value;
  std::memcpy(&value, at, sizeof value);
  touch(value);
  if (writes) std::memcpy(at, &value, sizeof value);
}

template <std::size_t Bytes, std::size_t Unroll, std::size_t... Written>
void move_all(std::byte* const* streams, std::size_t begin, std::size_t end,
              std::index_sequence<Written...>) {
  // Locals, because the compiler must assume that a store changes what `streams` points to.
  std::byte* const written[] = {streams[Written]...};
  std::byte* const read = streams[sizeof...(Written)];
  constexpr std::size_t strip = Bytes * Unroll;
  std::size_t i = begin;
  for (; i + strip <= end; i += strip) {
    move_strip<Bytes, Unroll, false>(read + i);
    (move_strip<Bytes, Unroll, true>(written[Written] + i), ...);
  }
  for (; i < end; i += sizeof(float)) {
    move_element(read + i, false);
    (move_element(written[Written] + i, true), ...);
  }
}

template <std::size_t Bytes, std::size_t Unroll, std::size_t Written>
void move_streams(std::byte* const* streams, std::size_t begin, std::size_t end) {
  move_all<Bytes, Unroll>(streams, begin, end, std::make_index_sequence<Written>());
}

template <std::size_t Bytes, std::size_t Unroll, std::size_t... W>
constexpr strip_loop strip_of(std::index_sequence<W...>) {
  return {Bytes, Unroll, {move_streams<Bytes, Unroll, W + 1>...}};
}

constexpr auto counts = std::make_index_sequence<most_written_streams>();

}  // namespace

// The variants to choose the fastest from.
constinit const strip_loop strips[strip_count] = {
    strip_of<widest, 1>(counts), strip_of<widest, 4>(counts), strip_of<narrower, 4>(counts)};

}  // namespace bench::GRADSTEP_BENCH_LEVEL
