// SPDX-License-Identifier: Apache-2.0
//
// Blocks of 256 float32 as 8-bit floats with a common scale S, a power of two. The code of a
// magnitude has 3 bits of mantissa below 4 bits of exponent, or 5 bits without a sign. The largest
// exponent is that of S. Code 0 is 0; there are no denormals.
//
// A float32 is first rounded to 3 bits of mantissa, which needs no scale. The remaining 12 bits are
// the upper bits of a bfloat16, so from then on a register holds twice as many elements.
#pragma once

#include "kernels/storage/conversions.hpp"
#include "kernels/storage/random_bits.hpp"

namespace gradstep::internal {
namespace {

constexpr unsigned mantissa_shift = 20;  // of float32's bits, down to 3 bits of mantissa
constexpr unsigned code_shift = 4;       // of a bfloat16's bits
constexpr std::uint16_t one_code = 1U << code_shift;
constexpr unsigned exponent_shift = 7;  // of a bfloat16's bits
constexpr std::uint16_t half_magnitude = 0x7fff, half_infinity = 0x7f80;

/// The octaves of a code below its largest.
template <dtype Type>
constexpr unsigned octaves = Type == dtype::signed8 ? 15 : 31;
// The smallest biased exponent of S, so that no code stands for a denormal.
constexpr unsigned lowest_exponent = octaves<dtype::unsigned8> + 1;

/// The bfloat16 of a code minus the shifted code.
template <dtype Type>
std::uint16_t code_offset(unsigned exponent) {
  return static_cast<std::uint16_t>((exponent - octaves<Type>) << exponent_shift);
}

// ---- Load -------------------------------------------------------------------------------------

/// The bfloat16 of a block's codes. `offset`: their code_offset in each lane.
template <dtype Type>
[[gnu::always_inline]] inline half_pair decode(const byte_pair& codes, const half_pair& offset) {
#if defined(__AVX512F__)
  const __m512i shift = bits_as<__m512i>(offset);
  if constexpr (Type == dtype::unsigned8) {
    const __m512i code = _mm512_cvtepu8_epi16(bits_as<__m256i>(codes));
    return bits_as<half_pair>(_mm512_maskz_add_epi16(_mm512_test_epi16_mask(code, code),
                                                     _mm512_slli_epi16(code, code_shift), shift));
  } else {
    const __m512i code = _mm512_cvtepi8_epi16(bits_as<__m256i>(codes));
    const __m512i shifted = _mm512_and_si512(_mm512_slli_epi16(code, code_shift),
                                             _mm512_set1_epi16(static_cast<short>(0x87f0)));
    return bits_as<half_pair>(_mm512_maskz_add_epi16(
        _mm512_test_epi16_mask(code, _mm512_set1_epi16(0x7f)), shifted, shift));
  }
#elif defined(__AVX2__)
  // vpsignw: 0 where its second operand is 0.
  const __m256i shift = bits_as<__m256i>(offset);
  if constexpr (Type == dtype::unsigned8) {
    const __m256i code = _mm256_cvtepu8_epi16(bits_as<__m128i>(codes));
    const __m256i bits = _mm256_add_epi16(_mm256_slli_epi16(code, code_shift), shift);
    return bits_as<half_pair>(_mm256_sign_epi16(bits, code));
  } else {
    const __m256i code = _mm256_cvtepi8_epi16(bits_as<__m128i>(codes));
    const __m256i shifted = _mm256_and_si256(_mm256_slli_epi16(code, code_shift),
                                             _mm256_set1_epi16(static_cast<short>(0x87f0)));
    const __m256i magnitude = _mm256_and_si256(code, _mm256_set1_epi16(0x7f));
    return bits_as<half_pair>(_mm256_sign_epi16(_mm256_add_epi16(shifted, shift), magnitude));
  }
#else
  const half_pair code = widen(codes);
  const half_pair magnitude = Type == dtype::signed8 ? code & 0x7f : code;
  const half_pair bits = ((magnitude << code_shift) + offset) & bits_as<half_pair>(magnitude != 0);
  if constexpr (Type == dtype::unsigned8) return bits;
  return bits | ((code << 8) & 0x8000 & bits_as<half_pair>(magnitude != 0));
#endif
}

inline unsigned exponent_of(float scale) { return bits_as<std::uint32_t>(scale) >> 23 & 0xff; }

// ---- Store ------------------------------------------------------------------------------------

/// The elements of a block, waiting for the last one: rounded to 3 bits of mantissa, as bfloat16
/// whose lower four bits mean nothing.
struct pending_block {
  alignas(64) std::uint16_t halves[block_elements];

  static constexpr std::size_t lanes_of_pair = 2 * float_lanes;
  half_pair pair(std::size_t i) const { return load_lanes<half_pair>(halves + i); }
  /// Sets the elements from `count` on to 0.
  void end_at(std::size_t count) { std::fill(halves + count, std::end(halves), 0); }
};

struct block_extremes {
  /// The largest magnitude. In unsigned types the largest bits, so a negative element counts most.
  std::uint16_t largest;
  half_pair least;  // the least magnitude of each lane
};

template <dtype Type>
[[gnu::always_inline]] inline block_extremes extremes_of(const pending_block& block) {
  half_pair largest{}, least = ~half_pair{};
#pragma GCC unroll 8
  for (std::size_t i = 0; i < block_elements; i += pending_block::lanes_of_pair) {
    half_pair magnitude = block.pair(i);
    if constexpr (Type == dtype::signed8) magnitude &= half_magnitude;
    largest = max(magnitude, largest);
    least = min(magnitude, least);
  }
  return {largest_lane(largest), least};
}

/// For unsigned types: -0 becomes 0.
[[gnu::noinline]] inline void clear_minus_zeros(pending_block& block) {
  for (std::uint16_t& half : block.halves) {
    if (half > half_magnitude && (half & half_magnitude) < one_code) half = 0;
  }
}

/// Rounds the elements of a block that are below L, the number of the least code. Each becomes L or
/// 0: at random with the mean kept, or to nearest (random == nullptr). In unsigned types only 0
/// becomes 0, because a rule divides by the root of such an element.
template <dtype Type>
[[gnu::noinline]] void round_underflow(pending_block& block, unsigned exponent,
                                       const random_stream* random) {
  const std::uint32_t zero_bits = (exponent - octaves<Type>) << 23;  // of code 0
  const vec<float> least = as_vec(words{} + (zero_bits + (1U << mantissa_shift)));
  const vec<float> zero = as_vec(words{} + zero_bits);
  for (std::size_t i = 0; i < block_elements; i += float_lanes) {
    const words bits = widen(load_lanes<halves>(block.halves + i)) << 16;
    const vec<float> magnitude = as_vec(bits & magnitude_bits & ~((1U << mantissa_shift) - 1));
    vec<float> threshold = random == nullptr ? vec<float>(0.5F) : random->part(i);
    if constexpr (Type == dtype::unsigned8) threshold = vec<float>(0.0F);
    const mask<float> is_up = magnitude > threshold * least;
    const vec<float> result = select(magnitude < least, select(is_up, least, zero), magnitude);
    store_lanes(narrow((as_words(result) | (bits & ~magnitude_bits)) >> 16), block.halves + i);
  }
}

/// For magnitudes that are at least that of code 0.
template <dtype Type>
[[gnu::always_inline]] inline half_pair encode(const half_pair& half, std::uint16_t offset) {
  const half_pair code = (half - offset) >> code_shift;
  if constexpr (Type == dtype::unsigned8) return code;
#if defined(__AVX512F__)
  // The sign is 8 in the upper byte. 16 times as much, 128, is added to the lower byte.
  const __m512i weights = _mm512_set1_epi16(0x1001);
  return bits_as<half_pair>(_mm512_maddubs_epi16(bits_as<__m512i>(code), weights));
#elif defined(__AVX2__)
  const __m256i weights = _mm256_set1_epi16(0x1001);
  return bits_as<half_pair>(_mm256_maddubs_epi16(bits_as<__m256i>(code), weights));
#else
  return (code & 0x7f) | (half >> 8 & 0x80);
#endif
}

template <dtype Type>
[[gnu::noinline]] void store_block_as(pending_block& block, std::size_t count,
                                      const random_stream* random, std::uint8_t* codes,
                                      float* scale) {
  block_extremes extremes = extremes_of<Type>(block);
  if (Type == dtype::unsigned8 && extremes.largest > half_magnitude) {
    clear_minus_zeros(block);
    extremes = extremes_of<Type>(block);
  }
  if (extremes.largest >= half_infinity) {
    *scale = bits_as<float>(nan_bits);
    std::memset(codes, 0, count);
    return;
  }
  const unsigned exponent = std::max<unsigned>(extremes.largest >> exponent_shift, lowest_exponent);
  *scale = bits_as<float>(exponent << 23);
  if (extremes.largest < one_code) {
    std::memset(codes, 0, count);
    return;
  }
  const std::uint16_t offset = code_offset<Type>(exponent);
  if (any_below(extremes.least, offset + one_code)) round_underflow<Type>(block, exponent, random);
  // The codes of a partial block overwrite its elements, which are loaded before.
  auto* const here = reinterpret_cast<std::uint8_t*>(block.halves);
  std::uint8_t* const to = count == block_elements ? codes : here;
  constexpr std::size_t lanes = pending_block::lanes_of_pair;
#pragma GCC unroll 4
  for (std::size_t i = 0; i < block_elements; i += 2 * lanes) {
    store_bytes(encode<Type>(block.pair(i), offset), encode<Type>(block.pair(i + lanes), offset),
                to + i);
  }
  if (to == here) std::memcpy(codes, here, count);
}

/// Stores the block's first `count` elements; it may hold anything afterwards. random == nullptr:
/// rounds to nearest.
inline void store_block(pending_block& block, std::size_t count, bool is_signed,
                        const random_stream* random, std::uint8_t* codes, float* scale) {
  if (count < block_elements) block.end_at(count);
  if (is_signed) return store_block_as<dtype::signed8>(block, count, random, codes, scale);
  store_block_as<dtype::unsigned8>(block, count, random, codes, scale);
}

}  // namespace
}  // namespace gradstep::internal
