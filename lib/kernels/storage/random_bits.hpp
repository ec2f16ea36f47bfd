// SPDX-License-Identifier: Apache-2.0
//
// The random bits of stochastic rounding: a function of (key, block, stream, place in the block)
// alone, so neither threads nor the instruction set can change them. docs/numerics.md defines the
// function.
#pragma once

#include <algorithm>
#include <array>

#include "base/mix.hpp"
#include "kernels/storage/conversions.hpp"
#include "rules/rule.hpp"

namespace gradstep::internal {
namespace {

// Each array that is rounded has its own stream. The stream of a slot is its index.
constexpr std::size_t param_stream = max_slots;
constexpr std::size_t stream_count = max_slots + 1;

/// A fixed odd word for each place in a block, restricted to Bits.
template <std::uint32_t Bits>
alignas(64) constexpr auto place_words = [] {
  std::array<std::uint32_t, block_elements> words{};
  for (std::size_t i = 0; i < words.size(); ++i) {
    words[i] = (static_cast<std::uint32_t>(derived_key(0, i)) | 1U) & Bits;
  }
  return words;
}();

/// One stream in one block: the products of the places' words and a random factor. Over all factors
/// each product is uniform, because the words are odd, and the products at two places are almost
/// uncorrelated. The low bits are used: a shift of the high bits would wait for the execution unit
/// that divides.
struct random_stream {
  std::uint32_t factor;

  /// One lane for each element of the block from `place` on.
  [[gnu::always_inline]] words bits16(std::size_t place) const {
    // Products of 16-bit lanes; the upper halves stay 0.
    const auto low = load_lanes<half_pair>(place_words<0xffff>.data() + place);
    return bits_as<words>(low * static_cast<std::uint16_t>(factor));
  }
  [[gnu::always_inline]] words bits20(std::size_t place) const { return at(place) & 0xfffffU; }
  [[gnu::always_inline]] words bits31(std::size_t place) const { return at(place) & 0x7fffffffU; }
  /// Numbers in [0, 1), other random bits than bits20.
  vec<float> part(std::size_t place) const {
    const words bits = at(place) * 0x9e3779b1U >> 9;
    return as_vec(bits | 0x3f800000U) - vec<float>(1.0F);
  }

 private:
  [[gnu::always_inline]] words at(std::size_t place) const {
    return load_lanes<words>(place_words<0xffffffff>.data() + place) * factor;
  }
};

/// The streams of a tensor's blocks at one step, for one pass over the blocks in order.
class random_blocks {
 public:
  /// The streams of this many blocks are made together: of those with the same block / group.
  static constexpr std::size_t group = 16;
  using streams = std::array<random_stream, stream_count>;  // of one block

  /// For blocks below `end`.
  random_blocks(std::uint64_t key, std::uint64_t end) : key_(key), end_(end) {}

  /// Adds a stream. At most once per stream.
  void use(std::size_t stream) { used_[used_count_++] = stream; }

  /// The streams of a block; the rest of its group follows in memory.
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
  std::uint64_t made_ = ~std::uint64_t{0};  // the group in blocks_
  streams blocks_[group];
  std::size_t used_[stream_count] = {};
  std::size_t used_count_ = 0;
};

}  // namespace
}  // namespace gradstep::internal
