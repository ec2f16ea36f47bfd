// SPDX-License-Identifier: Apache-2.0
//
// Blocks of 256 float32 as 8-bit floats with a common scale, a power of two. With the float32 F(c)
// of bits (c + bias) << 20, code c of a magnitude stands for scale (F(c) - F(0)): 3 bits of
// mantissa over 16 octaves with a sign or 32 without, then evenly down to 0. 32 octaves of a second
// moment are 16 of its root.
#pragma once

#include "conversions.hpp"
#include "random_bits.hpp"

namespace gradstep::internal {
namespace {

// F(c) has the bits (c + bias) << 20; that of the largest code is 1.875. The biases, 3 * 256 and
// 3 * 256 + 128, keep the code itself in the low bits of the sum.
constexpr unsigned code_shift = 20;
constexpr std::uint32_t top = 0x3ff;
template <dtype Type>
constexpr std::uint32_t largest_code = Type == dtype::signed8 ? 127 : 255;
template <dtype Type>
constexpr std::uint32_t code_bias = top - largest_code<Type>;
template <dtype Type>
float f0() {
  return bits_as<float>(code_bias<Type> << code_shift);
}

/// A negative number has no unsigned code: it counts as one that is not finite. -0 is 0.
template <dtype Type>
[[gnu::always_inline]] inline words magnitude_of(const words& bits) {
  if constexpr (Type == dtype::signed8) return bits & magnitude_bits;
  return as_words(as_vec(bits) + vec<float>(0.0F));
}

/// Codes of blocks of one scale. Products with a power of two are exact: with or without fma.
template <dtype Type>
[[gnu::always_inline]] inline vec<float> decode(const bytes& codes, vec<float> scale) {
  const vec<float> offset = vec<float>(0.0F) - vec<float>(f0<Type>()) * scale;
  if constexpr (Type == dtype::unsigned8) {
    return fma(as_vec((widen(codes) | code_bias<Type>) << code_shift), scale, offset);
  } else {
    const words code = widen_signed(codes);
    const words biased = (code & largest_code<Type>) | code_bias<Type>;
    const vec<float> magnitude = fma(as_vec(biased << code_shift), scale, offset);
    return as_vec(as_words(magnitude) | (code & ~magnitude_bits));
  }
}

/// The code in the low bits of each word. `random`: 20 bits a lane; 0x80000 rounds to nearest.
/// inverse: 1 / scale, of scale_for.
template <dtype Type>
[[gnu::always_inline]] inline words encode(vec<float> x, vec<float> inverse, const words& random) {
  const words bits = as_words(x);
  const words magnitude = magnitude_of<Type>(bits);
  const words y = as_words(fma(as_vec(magnitude), inverse, vec<float>(f0<Type>())));
  const words code = (y + random) >> code_shift;
  if constexpr (Type == dtype::signed8) {
    return (code & 0x7fU) | (bits >> 24 & 0x80U);
  } else {
    // A root divides by what it stands for: 0 only for 0.
    const words least = magnitude != 0U ? words{} + (code_bias<Type> + 1U) : words{};
    return code > least ? code : least;
  }
}

/// The power of two that brings the largest magnitude of a block to at most 1.75, so that rounding
/// up does not lead past the largest code; not so small that what a code stands for is denormal.
/// NaN when a number of the block is not finite or no power does: the block is NaN as a whole.
inline float scale_for(std::uint32_t largest_bits) {
  constexpr std::uint32_t one = 1U << 23, three_quarters = 0x600000;
  constexpr std::uint32_t lowest = (127 - 90) * one, highest = (127 + 126) * one;
  const std::uint32_t power = (largest_bits + (one - 1 - three_quarters)) & infinity_bits;
  if (largest_bits >= infinity_bits || power > highest) return bits_as<float>(nan_bits);
  return bits_as<float>(std::max(power, lowest));
}

inline float inverse_power_of_two(float scale) {
  constexpr std::uint32_t twice_one = 254U << 23;
  return bits_as<float>(twice_one - bits_as<std::uint32_t>(scale));
}

/// The bits of the largest magnitude of a block, zero-padded to whole vectors.
template <dtype Type>
std::uint32_t largest_magnitude(const float* block) {
  words largest{};
  for (std::size_t i = 0; i < block_elements; i += float_lanes) {
    const words magnitude = magnitude_of<Type>(load_lanes<words>(block + i));
    largest = magnitude > largest ? magnitude : largest;
  }
#if defined(__AVX512F__)
  return _mm512_reduce_max_epu32(bits_as<__m512i>(largest));
#else
  std::uint32_t lane[float_lanes];
  store_lanes(largest, lane);
  std::uint32_t result = 0;
  for (const std::uint32_t x : lane) result = x > result ? x : result;
  return result;
#endif
}

/// Elements of a block that wait for its last one, for their scale.
struct pending_block {
  alignas(64) float elements[block_elements];
};

/// `count` elements from the first on; the others are 0. random: null rounds to nearest.
template <dtype Type>
void store_block_as(const pending_block& block, std::size_t count, const random_stream* random,
                    std::uint8_t* codes, float* scale) {
  *scale = scale_for(largest_magnitude<Type>(block.elements));
  if (*scale != *scale) {
    std::memset(codes, 0, count);
    return;
  }
  const vec<float> inverse(inverse_power_of_two(*scale));
  alignas(64) std::uint8_t all[block_elements];
  std::uint8_t* const to = count == block_elements ? codes : all;
  constexpr std::size_t together = 4;
  for (std::size_t i = 0; i < block_elements; i += together * float_lanes) {
    words code[together];
#pragma GCC unroll 4
    for (std::size_t k = 0; k < together; ++k) {
      const std::size_t at = i + k * float_lanes;
      const words bits = random == nullptr ? words{} + 0x80000U : random->bits20(at);
      code[k] = encode<Type>(vec<float>::load(block.elements + at), inverse, bits);
    }
    store_low_bytes(code, to + i);
  }
  if (to == all) std::memcpy(codes, all, count);
}

[[gnu::noinline]] void store_block(const pending_block& block, std::size_t count,
                                   const random_stream* random, const operand& to) {
  const auto store =
      to.type == dtype::signed8 ? store_block_as<dtype::signed8> : store_block_as<dtype::unsigned8>;
  store(block, count, random, static_cast<std::uint8_t*>(to.data), static_cast<float*>(to.extra));
}

}  // namespace
}  // namespace gradstep::internal
