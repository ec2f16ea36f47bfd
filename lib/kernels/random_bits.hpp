// SPDX-License-Identifier: Apache-2.0
//
// The random bits of stochastic rounding: a function of (key, block, stream, place in the block)
// and of nothing else, so neither threads nor the instruction set can change them. docs/numerics.md
// states it.
#pragma once

#include <array>

#include "conversions.hpp"
#include "mix.hpp"
#include "rule.hpp"

namespace gradstep::internal {
namespace {

// An array that is rounded has a stream of its own; a slot's is its index.
constexpr std::size_t param_stream = max_slots;
constexpr std::size_t stream_count = max_slots + 1;

/// Fixed words, one for each place in a block.
alignas(64) constexpr auto place_words = [] {
  std::array<std::uint32_t, block_elements> words{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] = static_cast<std::uint32_t>(derived_key(0, i));
  }
  return words;
}();

/// One stream in one block: a linear hash of the place with a random odd factor and an addend. Over
/// keys each word is uniform, and words of two places are all but uncorrelated. The low bits,
/// because a shift to get at the high ones would wait for the unit that divides.
struct random_stream {
  std::uint32_t factor, addend;

  [[gnu::always_inline]] words at(std::size_t place) const {
    return load_lanes<words>(place_words.data() + place) * factor + addend;
  }
  /// A lane for each of the elements place, place + 1 ... of the block.
  [[gnu::always_inline]] words bits16(std::size_t place) const { return at(place) & 0xffffU; }
  [[gnu::always_inline]] words bits20(std::size_t place) const { return at(place) & 0xfffffU; }
};

/// The streams of one block of a tensor at one step.
class random_block {
 public:
  void use(std::size_t stream) { is_used_[stream] = is_any_used_ = true; }

  void start(std::uint64_t key, std::uint64_t block) {
    if (!is_any_used_) return;
    const std::uint64_t block_key = derived_key(key, block);
    for (std::size_t stream = 0; stream < stream_count; ++stream) {
      if (!is_used_[stream]) continue;
      const std::uint64_t stream_key = derived_key(block_key, stream);
      streams_[stream] = {static_cast<std::uint32_t>(stream_key >> 32) | 1U,
                          static_cast<std::uint32_t>(stream_key)};
    }
  }

  const random_stream& operator[](std::size_t stream) const { return streams_[stream]; }

 private:
  random_stream streams_[stream_count] = {};
  bool is_used_[stream_count] = {};
  bool is_any_used_ = false;
};

}  // namespace
}  // namespace gradstep::internal
