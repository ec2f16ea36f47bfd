// SPDX-License-Identifier: Apache-2.0
//
// base^exponent for the constants of a step. The C library's pow differs between machines; this
// arithmetic uses +, -, * and / of doubles only, so its bits are the same everywhere.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "rules/scalar_math.hpp"

namespace gradstep::internal {
namespace {

/// Needs |a.high| >= |b.high|, or a = 0. The result is not normalised.
constexpr double_double ordered_sum(double_double a, double_double b) {
  const double high = a.high + b.high;
  return {high, b.high - (high - a.high) + (a.low + b.low)};
}

/// 1 / n for 1 <= n < 2^20.
constexpr double_double reciprocal(int n) {
  // Both parts of `high` are short, so that their products with n are exact.
  const double high = 1.0 / n;
  const double upper = static_cast<double>(static_cast<float>(high)), lower = high - upper;
  return {high, (1 - n * upper - n * lower) / n};
}

/// 2^n for n in [-1022, 1023].
inline double power_of_two(std::int64_t n) {
  return std::bit_cast<double>(static_cast<std::uint64_t>(n + 1023) << 52);
}

/// log2(1 + x) for 1 + x in [sqrt(1/2), sqrt(2)], with a relative error below 2^-98. x must be
/// exact.
inline double_double log2_near_one(double x) {
  constexpr double_double two_log2_e{0x1.71547652b82fep+1, 0x1.777d0ffda0d24p-55};
  constexpr int last = 39;  // the term of z^last; all after it are below 2^-98 of the sum
  const double_double divisor = ordered_sum({2, 0}, {x, 0});
  const double quotient = x / divisor.high;
  const double_double back = exact_product(quotient, divisor.high);
  const double rest = (x - back.high) - back.low - quotient * divisor.low;
  const double_double z{quotient, rest / divisor.high};  // (m - 1) / (m + 1) for m = 1 + x
  const double_double square = normalised(product(z, z));
  double_double series = reciprocal(last);  // atanh(z) / z = 1 + z^2 / 3 + z^4 / 5 + ...
  for (int n = last - 2; n >= 1; n -= 2) {
    series = normalised(ordered_sum(reciprocal(n), product(series, square)));
  }
  return normalised(product(product(series, z), two_log2_e));
}

/// log2(base) for a normal base > 0, with a relative error below 2^-98.
inline double_double log2(double base) {
  constexpr double sqrt2 = 0x1.6a09e667f3bcdp+0;
  const auto bits = std::bit_cast<std::uint64_t>(base);
  auto exponent = static_cast<std::int64_t>(bits >> 52) - 1023;
  double mantissa = std::bit_cast<double>((bits & 0xFFFFFFFFFFFFF) | (std::uint64_t{1023} << 52));
  if (mantissa > sqrt2) {
    mantissa *= 0.5;
    ++exponent;
  }
  return normalised(ordered_sum({static_cast<double>(exponent), 0}, log2_near_one(mantissa - 1)));
}

/// 2^x for |x| <= 1/2, with a relative error below 2^-98.
inline double_double exp2_near_zero(double_double x) {
  constexpr double_double ln2{0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56};
  constexpr int squarings = 4;
  double_double r = product(x, ln2);
  r = {r.high / (1 << squarings), r.low / (1 << squarings)};  // |r| < 0.022
  double_double result{1, 0};  // e^r = 1 + r (1 + r/2 (1 + r/3 (...)))
  for (int n = 14; n >= 1; --n) {
    result = normalised(ordered_sum({1, 0}, product(product(r, reciprocal(n)), result)));
  }
  for (int i = 0; i < squarings; ++i) result = normalised(product(result, result));
  return result;
}

/// 2^n x, rounded once, for a normalised x whose high part is in [1/2, 2) and n in [-1076, 1025].
inline double scaled(double_double x, std::int64_t n) {
  double rounded = x.high;
  if (n < -1022 || (n == -1022 && x.high < 1)) {
    // A denormal has fewer bits than x.high. Beside `shift` there is room for those alone.
    const double shift = power_of_two(-1022 - n);
    rounded = shift + x.high;
    rounded += x.high - (rounded - shift) + x.low;
    rounded -= shift;
  }
  return rounded * power_of_two(n / 2) * power_of_two(n - n / 2);
}

/// base^exponent within 0.501 units in the last place, for a finite base >= 0 and a finite
/// exponent; infinity or 0 where that is the nearest. 0^0 is 1. Takes about 0.3 us.
inline double power(double base, double exponent) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (exponent == 0 || base == 1) return 1;
  if (base == 0) return exponent > 0 ? 0 : infinity;
  const bool is_small = base < std::numeric_limits<double>::min();
  double_double x = log2(is_small ? base * 0x1p54 : base);
  if (is_small) x = normalised(ordered_sum({-54, 0}, x));
  // 2^-53 <= |log2 base| <= 1074, so beyond these limits the result is certain and the product
  // could overflow.
  const bool is_above_one = (x.high > 0) == (exponent > 0);
  if (std::fabs(exponent) < 0x1p-65) return 1;
  if (std::fabs(exponent) > 0x1p64) return is_above_one ? infinity : 0;
  x = normalised(product(x, {exponent, 0}));
  if (x.high > 1025) return infinity;
  if (x.high < -1076) return 0;
  const double nearest = (x.high + 0x1.8p52) - 0x1.8p52;
  const double_double rest = normalised({x.high - nearest, x.low});
  return scaled(exp2_near_zero(rest), static_cast<std::int64_t>(nearest));
}

/// For the tests' exact arithmetic of float64 tensors.
inline long double power(long double base, long double exponent) {
  return std::pow(base, exponent);
}

}  // namespace
}  // namespace gradstep::internal
