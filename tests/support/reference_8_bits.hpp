// SPDX-License-Identifier: Apache-2.0
//
// 8-bit blocks, one block at a time in plain scalar code, written from gradstep.h and
// docs/numerics.md without the library.
#pragma once

#include <gradstep/gradstep.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "support/reference_rounding.hpp"

namespace gradstep_test {

/// The codes of a magnitude. Code 0 is 0. In each other code c, c / 8 is the exponent and c % 8 the
/// mantissa; the largest exponent is that of the scale. Signed codes have the sign in the top bit.
struct code_table {
  std::uint32_t largest;
  int largest_exponent;

  float value(std::uint32_t code, float scale) const {
    if (code == 0) return 0;
    const int exponent = static_cast<int>(code / 8) - largest_exponent;
    return (1 + static_cast<float>(code % 8) / 8) * power_of_two(exponent) * scale;
  }
};
inline constexpr code_table signed_codes{127, 15}, unsigned_codes{255, 31};

inline const code_table& codes_of(std::int32_t dtype) {
  return dtype == GRADSTEP_S1E4M3_B256 ? signed_codes : unsigned_codes;
}

inline float decoded(std::int32_t dtype, std::uint8_t code, float scale) {
  if (std::isnan(scale)) return scale;
  if (dtype == GRADSTEP_E5M3_B256) return unsigned_codes.value(code, scale);
  const float magnitude = signed_codes.value(code & 0x7f, scale);
  return code > 0x80 ? -magnitude : magnitude;
}

/// The magnitude of x with 3 bits of mantissa; infinity if x is not finite.
inline float rounded_to_3_bits(float x, const rounding& how, std::uint64_t element) {
  if (!std::isfinite(x)) return INFINITY;
  const std::uint32_t random = how.is_random() ? how.bits(element, 20) : 1U << 19;
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(std::abs(x)) + random) >> 20 << 20);
}

/// The largest power of two that is at most the largest magnitude of the block, limited to 2^-95 to
/// 2^127. NaN if an element is not finite, or is negative and the codes have no sign.
inline float block_scale(std::int32_t dtype, std::span<const float> block,
                         std::span<const float> rounded) {
  float largest = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const bool has_no_code =
        dtype == GRADSTEP_E5M3_B256 && std::signbit(block[i]) && rounded[i] != 0;
    if (has_no_code || std::isinf(rounded[i])) return std::numeric_limits<float>::quiet_NaN();
    largest = std::max(largest, rounded[i]);
  }
  return power_of_two(std::max(exponent_of(largest), -95));
}

/// Stores the codes and the scale of a block. `first`: the index of its first element in the whole
/// tensor.
inline void encode_block(std::int32_t dtype, std::span<const float> block, const rounding& how,
                         std::uint64_t first, std::uint8_t* codes, float& scale) {
  std::vector<float> rounded;
  for (std::size_t i = 0; i < block.size(); ++i) {
    rounded.push_back(rounded_to_3_bits(block[i], how, first + i));
  }
  scale = block_scale(dtype, block, rounded);
  const bool is_zero = std::all_of(rounded.begin(), rounded.end(), [](float x) { return x == 0; });
  const int largest_exponent = codes_of(dtype).largest_exponent;
  const float least = codes_of(dtype).value(1, scale);
  for (std::size_t i = 0; i < block.size(); ++i) {
    codes[i] = 0;
    if (std::isnan(scale) || is_zero) continue;
    if (rounded[i] < least) {
      float limit = how.is_random() ? how.part(first + i) : 0.5F;
      if (dtype == GRADSTEP_E5M3_B256) limit = 0;
      codes[i] = rounded[i] > limit * least ? 1 : 0;
    } else {
      const float ratio = rounded[i] / scale;
      const int exponent = exponent_of(ratio);
      codes[i] =
          static_cast<std::uint8_t>((exponent + largest_exponent) * 8 +
                                    static_cast<int>(ratio * power_of_two(3 - exponent)) - 8);
    }
    if (dtype == GRADSTEP_S1E4M3_B256 && std::signbit(block[i])) codes[i] |= 0x80;
  }
}

}  // namespace gradstep_test
