// SPDX-License-Identifier: Apache-2.0
//
// The random bits of stochastic rounding: a function of (key, block, stream, place in the block)
// and of nothing else, so neither threads nor the instruction set can change them. docs/numerics.md
// states it.
#pragma once

#include <algorithm>
#include <array>

#include "base/mix.hpp"
#include "kernels/storage/conversions.hpp"
#include "rules/rule.hpp"

namespace gradstep::internal {
namespace {

// An array that is rounded has a stream of its own; a slot's is its index.
constexpr std::size_t param_stream = max_slots;
constexpr std::size_t stream_count = max_slots + 1;

/// Fixed odd words, one for each place in a block, and their low halves.
template <std::uint32_t Bits>
alignas(64) constexpr auto place_words = [] {
  std::array<std::uint32_t, block_elements> words{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] = (static_cast<std::uint32_t>(derived_key(0, i)) | 1U) & Bits;
  }
  return words;
}();

/// One stream in one block: the products of the places' words and a random factor. Over factors
/// each is uniform, because the words are odd, and those of two places are all but uncorrelated.
/// The low bits, because a shift to get at the high ones would wait for the unit that divides.
struct random_stream {
  std::uint32_t factor;

  /// A lane for each of the elements place, place + 1 ... of the block.
  [[gnu::always_inline]] words bits16(std::size_t place) const {
    // Products of 16-bit lanes: the upper halves stay 0.
    const auto low = load_lanes<half_pair>(place_words<0xffff>.data() + place);
    return bits_as<words>(low * static_cast<std::uint16_t>(factor));
  }
  [[gnu::always_inline]] words bits20(std::size_t place) const { return at(place) & 0xfffffU; }
  [[gnu::always_inline]] words bits31(std::size_t place) const { return at(place) & 0x7fffffffU; }
  /// Numbers from 0 to below 1, for elements that had their bits20 already.
  vec<float> part(std::size_t place) const {
    const words bits = at(place) * 0x9e3779b1U >> 9;
    return as_vec(bits | 0x3f800000U) - vec<float>(1.0F);
  }

 private:
  [[gnu::always_inline]] words at(std::size_t place) const {
    return load_lanes<words>(place_words<0xffffffff>.data() + place) * factor;
  }
};

/// The streams of a tensor's blocks at one step, for one pass over them in order.
class random_blocks {
 public:
  /// Blocks whose streams are made together: those whose numbers have the same quotient by it.
  static constexpr std::size_t group = 16;
  using streams = std::array<random_stream, stream_count>;  // of one block

  /// Of blocks below `end`.
  random_blocks(std::uint64_t key, std::uint64_t end) : key_(key), end_(end) {}

  /// Each stream at most once.
  void use(std::size_t stream) { used_[used_count_++] = stream; }

  /// Of the block; those of the rest of its group follow.
  const streams* of(std::uint64_t block) {
    if (used_count_ != 0 && block / group != made_) make(block);
    return blocks_ + block % group;
  }

 private:
  [[gnu::noinline]] void make(std::uint64_t block) {
    made_ = block / group;
    const std::uint64_t end = std::min(end_, (made_ + 1) * group);
    for (; block < end; ++block) {
      const std::uint64_t block_key = derived_key(key_, block);
      for (std::size_t u = 0; u < used_count_; ++u) {
        const std::uint64_t stream_key = derived_key(block_key, used_[u]);
        blocks_[block % group][used_[u]].factor = static_cast<std::uint32_t>(stream_key);
      }
    }
  }

  std::uint64_t key_, end_;
  std::uint64_t made_ = ~std::uint64_t{0};  // the group that blocks_ are of
  streams blocks_[group];
  std::size_t used_[stream_count] = {};
  std::size_t used_count_ = 0;
};

}  // namespace
}  // namespace gradstep::internal
