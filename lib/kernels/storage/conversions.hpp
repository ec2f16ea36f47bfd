// SPDX-License-Identifier: Apache-2.0
//
// A vector of float32 from and to each narrower type, with the same bits on every instruction set.
// The vectors are the compiler's own, because xsimd has no 16-bit conversions.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/storage/operand.hpp"
#include "kernels/vectors/batch.hpp"

namespace gradstep::internal {
namespace {

constexpr std::size_t float_lanes = vec<float>::width;

template <class Element>
using lanes = typename compiler_vector<Element, float_lanes>::type;
using words = lanes<std::uint32_t>;
using floats = lanes<float>;
using halves = lanes<std::uint16_t>;

template <class Lanes, class Element>
Lanes load_lanes(const Element* from) {
  Lanes result;
  std::memcpy(&result, from, sizeof result);
  return result;
}
template <class Lanes, class Element>
void store_lanes(const Lanes& from, Element* to) {
  std::memcpy(to, &from, sizeof from);
}
template <class To, class From>
To bits_as(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  To result;
  std::memcpy(&result, &from, sizeof result);
  return result;
}

inline words as_words(vec<float> x) { return bits_as<words>(x); }
inline floats as_floats(vec<float> x) { return bits_as<floats>(x); }
template <class Lanes>
vec<float> as_vec(const Lanes& x) {
  return bits_as<vec<float>>(x);
}

constexpr std::uint32_t magnitude_bits = 0x7fffffff;
constexpr std::uint32_t infinity_bits = 0x7f800000;

// ---- Words from and to halves -----------------------------------------------------------------
// By intrinsics: some compilers split __builtin_convertvector into scalars here.

inline words widen(const halves& x) {
#if defined(__AVX512F__)
  return bits_as<words>(_mm512_cvtepu16_epi32(bits_as<__m256i>(x)));
#elif defined(__AVX2__)
  return bits_as<words>(_mm256_cvtepu16_epi32(bits_as<__m128i>(x)));
#else
  return __builtin_convertvector(x, words);
#endif
}
/// For words below 2^16.
inline halves narrow(const words& x) {
#if defined(__AVX512F__)
  return bits_as<halves>(_mm512_cvtepi32_epi16(bits_as<__m512i>(x)));
#elif defined(__AVX2__)
  const __m256i w = bits_as<__m256i>(x);
  return bits_as<halves>(
      _mm_packus_epi32(_mm256_castsi256_si128(w), _mm256_extracti128_si256(w, 1)));
#else
  return __builtin_convertvector(x, halves);
#endif
}

// ---- Two vectors' worth of halves in a register, from and to bytes ----------------------------

using half_pair = typename compiler_vector<std::uint16_t, 2 * float_lanes>::type;
using byte_pair = typename compiler_vector<std::uint8_t, 2 * float_lanes>::type;

inline half_pair widen(const byte_pair& x) {
#if defined(__AVX512F__)
  return bits_as<half_pair>(_mm512_cvtepu8_epi16(bits_as<__m256i>(x)));
#elif defined(__AVX2__)
  return bits_as<half_pair>(_mm256_cvtepu8_epi16(bits_as<__m128i>(x)));
#else
  return __builtin_convertvector(x, half_pair);
#endif
}

inline half_pair min(const half_pair& a, const half_pair& b) { return a < b ? a : b; }
inline half_pair max(const half_pair& a, const half_pair& b) { return a > b ? a : b; }

inline bool any_below(const half_pair& x, std::uint16_t limit) {
#if defined(__AVX512F__)
  return _mm512_cmplt_epu16_mask(bits_as<__m512i>(x),
                                 _mm512_set1_epi16(static_cast<short>(limit))) != 0;
#elif defined(__AVX2__)
  // The difference saturates: it is 0 where x is not below.
  const __m256i below =
      _mm256_subs_epu16(_mm256_set1_epi16(static_cast<short>(limit)), bits_as<__m256i>(x));
  return _mm256_testz_si256(below, below) == 0;
#else
  bool any = false;
  for (std::size_t i = 0; i < 2 * float_lanes; ++i) any |= x[i] < limit;
  return any;
#endif
}

inline std::uint16_t largest_lane(const half_pair& x) {
#if defined(__AVX2__)
#if defined(__AVX512F__)
  const __m256i y = _mm256_max_epu16(_mm512_castsi512_si256(bits_as<__m512i>(x)),
                                     _mm512_extracti64x4_epi64(bits_as<__m512i>(x), 1));
#else
  const __m256i y = bits_as<__m256i>(x);
#endif
  const __m128i z = _mm_max_epu16(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1));
  const __m128i least = _mm_minpos_epu16(_mm_xor_si128(z, _mm_set1_epi16(-1)));
  return static_cast<std::uint16_t>(~_mm_cvtsi128_si32(least));
#else
  std::uint16_t largest = 0;
  for (std::size_t i = 0; i < 2 * float_lanes; ++i)
    largest = std::max<std::uint16_t>(largest, x[i]);
  return largest;
#endif
}

/// For halves below 2^8.
inline void store_bytes(const half_pair& first, const half_pair& second, std::uint8_t* to) {
#if defined(__AVX512F__)
  const __m512i packed = _mm512_packus_epi16(bits_as<__m512i>(first), bits_as<__m512i>(second));
  const __m512i order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
  _mm512_storeu_si512(to, _mm512_permutexvar_epi64(order, packed));
#elif defined(__AVX2__)
  const __m256i packed = _mm256_packus_epi16(bits_as<__m256i>(first), bits_as<__m256i>(second));
  const __m256i ordered = _mm256_permute4x64_epi64(packed, 0xd8);
  std::memcpy(to, &ordered, sizeof ordered);
#else
  store_lanes(__builtin_convertvector(first, byte_pair), to);
  store_lanes(__builtin_convertvector(second, byte_pair), to + sizeof(byte_pair));
#endif
}

// ---- bfloat16: the upper half of a float32 ----------------------------------------------------

// Rounding adds to the bits; the upper half of the sum is the result. A NaN must have these bits,
// or the sum would be a number.
constexpr std::uint32_t nan_bits = 0x7fc00000;

/// To nearest, ties to even.
inline words round_to_bfloat16(const words& bits) { return bits + 0x7fffU + ((bits >> 16) & 1U); }
/// Up with a probability equal to the part cut off; `random` is below 2^16.
inline words round_to_bfloat16(const words& bits, const words& random) { return bits + random; }

// ---- float16 ----------------------------------------------------------------------------------

#if defined(__F16C__)
inline floats widen_float16(const halves& h) {
#if defined(__AVX512F__)
  return bits_as<floats>(_mm512_cvtph_ps(bits_as<__m256i>(h)));
#else
  return bits_as<floats>(_mm256_cvtph_ps(bits_as<__m128i>(h)));
#endif
}
inline halves narrow_to_float16(const floats& x) {
#if defined(__AVX512F__)
  return bits_as<halves>(_mm512_cvtps_ph(bits_as<__m512>(x), _MM_FROUND_TO_NEAREST_INT));
#else
  return bits_as<halves>(_mm256_cvtps_ph(bits_as<__m256>(x), _MM_FROUND_TO_NEAREST_INT));
#endif
}
#elif defined(__aarch64__)
inline floats widen_float16(const halves& h) {
  return bits_as<floats>(vcvt_f32_f16(bits_as<float16x4_t>(h)));
}
inline halves narrow_to_float16(const floats& x) {
  return bits_as<halves>(vcvt_f16_f32(bits_as<float32x4_t>(x)));
}
#else
/// The bits of F16C's instructions.
inline floats widen_float16(const halves& h) {
  const words bits = widen(h);
  const words magnitude = bits & 0x7fffU;
  const words normal = (magnitude << 13) + (112U << 23);
  const words denormal = bits_as<words>(
      __builtin_convertvector(bits_as<lanes<std::int32_t>>(magnitude), floats) * 0x1p-24F);
  const words quiet = bits_as<words>(magnitude > 0x7c00U) & 0x400000U;
  const words special = (magnitude << 13) | infinity_bits | quiet;
  const words finite = magnitude < 0x400U ? denormal : normal;
  const words result = magnitude >= 0x7c00U ? special : finite;
  return bits_as<floats>(result | (bits & 0x8000U) << 16);
}
inline halves narrow_to_float16(const floats& x) {
  const words bits = bits_as<words>(x);
  const words magnitude = bits & magnitude_bits;
  const words normal = ((magnitude + 0xfffU + ((magnitude >> 13) & 1U)) >> 13) - (112U << 10);
  // Adding 0.5 leaves the multiples of 2^-24, rounded, in the low bits.
  const words denormal = bits_as<words>(bits_as<floats>(magnitude) + 0.5F) - 0x3f000000U;
  const words nan =
      bits_as<words>(magnitude > infinity_bits) & (0x200U | (magnitude >> 13 & 0x3ffU));
  const words finite = magnitude < 0x38800000U ? denormal : normal;
  constexpr std::uint32_t first_too_large = 0x47800000;  // 65536
  const words result = magnitude >= first_too_large ? 0x7c00U | nan : finite;
  return narrow(result | (bits >> 16 & 0x8000U));
}
#endif

/// Up with a probability equal to the part cut off; `random` is below 2^31. Magnitudes above the
/// largest float16 are rounded to nearest. Every NaN becomes the same.
inline halves narrow_to_float16(const floats& x, const words& random) {
  constexpr std::uint32_t largest = 0x477fe000, first_infinite = 0x477ff000;  // 65504, 65520
  constexpr std::uint32_t least_normal = 0x38800000;                          // 2^-14
  const words bits = bits_as<words>(x);
  const words magnitude = bits & magnitude_bits;
  // Units in the last place, and the part of a unit that is cut off, in multiples of 2^-31.
  const words in_range = magnitude < largest ? magnitude : words{} + largest;
  const words normal = (in_range >> 13) - (112U << 10);
  const words normal_part = in_range << 18 & magnitude_bits;
  // Denormals are multiples of 2^-24. All of this is exact but for parts below 2^-31 of a multiple.
  using integers = lanes<std::int32_t>;
  const words small = magnitude < least_normal ? magnitude : words{} + least_normal;
  const floats units = bits_as<floats>(small) * 0x1p24F;
  const auto denormal = __builtin_convertvector(units, integers);
  const floats rest = units - __builtin_convertvector(denormal, floats);
  const auto denormal_part = __builtin_convertvector(rest * 0x1p31F, integers);
  const words is_small = bits_as<words>(magnitude < least_normal);
  const words toward_zero = is_small ? bits_as<words>(denormal) : normal;
  const words part = is_small ? bits_as<words>(denormal_part) : normal_part;
  const words finite = toward_zero + ((part + random) >> 31);
  const words number = magnitude >= first_infinite ? words{} + 0x7c00U : finite;
  return narrow(magnitude > infinity_bits ? words{} + 0x7e00U : number | (bits >> 16 & 0x8000U));
}

}  // namespace
}  // namespace gradstep::internal
