// SPDX-License-Identifier: Apache-2.0
//
// How elements are rounded when they are stored, as docs/numerics.md states it.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "support/dtype_lists.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {

/// 2^exponent, -126 to 127. Products with it are exact unless they leave float's range, and faster
/// than ldexp.
inline float power_of_two(int exponent) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(exponent + 127) << 23);
}

/// The exponent of x, a positive number; -127 if x is below the normal numbers.
inline int exponent_of(float x) {
  return static_cast<int>(std::bit_cast<std::uint32_t>(x) >> 23) - 127;
}

class rounding {
 public:
  /// To nearest.
  rounding() = default;
  /// At random. `array`: a slot's index, or param_array.
  rounding(std::uint64_t seed, std::uint64_t key, std::uint64_t step, std::size_t array)
      : is_random_(true), key_(splitmix(splitmix(splitmix(0, seed), key), step)), array_(array) {}

  static constexpr std::size_t param_array = 8;  // past the indices of slots: a rule has at most 8

  bool is_random() const { return is_random_; }

  /// The low `bit_count` bits of product(): the random bits of an element, by its index in the
  /// whole tensor.
  std::uint32_t bits(std::uint64_t element, unsigned bit_count) const {
    return product(element) & ((1U << bit_count) - 1);
  }
  /// A number in [0, 1), from the same product as bits().
  float part(std::uint64_t element) const {
    return static_cast<float>((product(element) * 0x9e3779b1U) >> 9) * 0x1p-23F;
  }

 private:
  /// An odd number that depends on the element's place in its block, times a random factor of the
  /// block.
  std::uint32_t product(std::uint64_t element) const {
    const std::uint64_t key = splitmix(splitmix(key_, element / block_size), array_);
    const auto word = static_cast<std::uint32_t>(splitmix(0, element % block_size)) | 1U;
    return word * static_cast<std::uint32_t>(key);
  }

  bool is_random_ = false;
  std::uint64_t key_ = 0;
  std::size_t array_ = 0;
};

}  // namespace gradstep_test
