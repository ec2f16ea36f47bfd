// SPDX-License-Identifier: Apache-2.0
//
// bfloat16 and float16, one number at a time in plain scalar code, written from gradstep.h and
// docs/numerics.md without the library.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "support/reference_rounding.hpp"

namespace gradstep_test {

// ---- bfloat16 ---------------------------------------------------------------------------------

inline float bfloat16_to_float(std::uint16_t half) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
}

/// As integers, the two bfloat16 around a finite number differ by 1. The lower 16 bits of the
/// number are its distance from the bfloat16 toward zero, in 2^-16 of the gap.
inline std::uint16_t bfloat16_from_float(float x, const rounding& how = {},
                                         std::uint64_t element = 0) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const auto toward_zero = static_cast<std::uint16_t>(bits >> 16);
  if (std::isnan(x)) return 0x7fc0;
  if (std::isinf(x)) return toward_zero;
  const std::uint32_t cut_off = bits & 0xffff;
  const bool is_odd = (toward_zero & 1) != 0;
  bool goes_away = cut_off > 0x8000 || (cut_off == 0x8000 && is_odd);
  if (how.is_random()) goes_away = cut_off + how.bits(element, 16) > 0xffff;
  return static_cast<std::uint16_t>(toward_zero + goes_away);
}

// ---- float16 ----------------------------------------------------------------------------------

inline float float16_to_float(std::uint16_t half) {
  const int exponent = half >> 10 & 31, mantissa = half & 1023;
  float x = static_cast<float>(mantissa) * 0x1p-24F;
  if (exponent == 31) {
    x = mantissa == 0 ? std::numeric_limits<float>::infinity()
                      : std::numeric_limits<float>::quiet_NaN();
  } else if (exponent != 0) {
    x = static_cast<float>(1024 + mantissa) * power_of_two(exponent - 25);
  }
  return (half & 0x8000) != 0 ? -x : x;
}

/// At random, 31 random bits decide: a number is rounded away from zero with a probability equal to
/// the part of a unit that is cut off. Numbers beyond the largest float16 are always rounded to
/// nearest.
inline std::uint16_t float16_from_float(float x, const rounding& how = {},
                                        std::uint64_t element = 0) {
  const std::uint16_t sign = std::signbit(x) ? 0x8000 : 0;
  const float magnitude = std::abs(x);
  if (std::isnan(x)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;  // half-way from the largest float16 to 65536
  // The number in units of the last place: ten bits below the leading one, and at least 2^-24.
  const int exponent = std::max(exponent_of(magnitude), -14);
  const float exact = magnitude * power_of_two(10 - exponent);
  float rounded = std::nearbyint(exact);  // ties to even
  if (how.is_random() && magnitude <= 65504) {
    rounded = std::floor(exact);
    const double part = std::floor(static_cast<double>(exact - rounded) * 0x1p31);
    if (part + how.bits(element, 31) >= 0x1p31) ++rounded;
  }
  // The leading one, or a carry into the next exponent, adds to the bits of the exponent.
  return static_cast<std::uint16_t>(sign | (((exponent + 14) << 10) + static_cast<int>(rounded)));
}

}  // namespace gradstep_test
