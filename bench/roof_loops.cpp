// SPDX-License-Identifier: Apache-2.0
//
// Compiled with -O3 -march=native.
#include "roof_loops.hpp"

#include <cstring>
#include <stdexcept>
#include <utility>

#include "touch.hpp"

namespace bench {
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
roof_loop find_loop(std::size_t written, std::index_sequence<W...>) {
  constexpr move_function moves[] = {move_streams<Bytes, Unroll, W + 1>...};
  return {std::to_string(Bytes) + "-byte vectors x" + std::to_string(Unroll), moves[written - 1]};
}

}  // namespace

std::vector<roof_loop> roof_loops(std::size_t written) {
  if (written < 1 || written > most_written_streams) {
    throw std::out_of_range("a step that writes " + std::to_string(written) +
                            " arrays: raise most_written_streams");
  }
  constexpr auto counts = std::make_index_sequence<most_written_streams>();
  return {find_loop<widest, 1>(written, counts), find_loop<widest, 4>(written, counts),
          find_loop<narrower, 4>(written, counts)};
}

}  // namespace bench
