// SPDX-License-Identifier: Apache-2.0
//
// The functions that a rule's update may use, for plain numbers (batch.hpp has them for
// vectors), and constants of a step that plain double arithmetic computes inaccurately.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace gradstep::internal {
namespace {

template <class T>
concept real = std::numeric_limits<T>::is_iec559;

/// a b + c as the instruction set of this compilation computes it: x86's baseline rounds twice.
/// Code without GRADSTEP_LEVEL, such as tests, always gets the fused one.
template <real T>
T fma(T a, T b, T c) {
#if defined(GRADSTEP_LEVEL) && defined(__x86_64__) && !defined(__FMA__)
  return a * b + c;
#else
  return std::fma(a, b, c);
#endif
}
template <real T>
T sqrt(T x) {
  return std::sqrt(x);
}
template <real T>
T abs(T x) {
  return std::fabs(x);
}
template <real T>
T select(bool condition, T yes, T no) {
  return condition ? yes : no;
}
/// NaN if a or b is.
template <real T>
T max(T a, T b) {
  return a > b || std::isnan(a) ? a : b;
}
template <real T>
T min(T a, T b) {
  return a < b || std::isnan(a) ? a : b;
}
/// The smaller one. If x is NaN, the result is x with its bits; `limit` must not be NaN.
template <real T>
T at_most(T x, T limit) {
  return x > limit ? limit : x;
}
/// -1, 0 or 1; NaN for NaN.
template <real T>
T sign(T x) {
  return x > 0 ? T(1) : x < 0 ? T(-1) : x;
}

/// The number high + low, with about 106 bits. low is at most half a unit of high once normalised,
/// and may be larger before.
struct double_double {
  double high, low;
};

/// Dekker's exact product needs no fused multiply-add, so every instruction set gives these bits.
inline double_double exact_product(double a, double b) {
#ifdef __FP_FAST_FMA
  const double product = a * b;
  return {product, std::fma(a, b, -product)};
#else
  constexpr double splitter = 134217729.0;  // 2^27 + 1
  const double sa = splitter * a, ah = sa - (sa - a), al = a - ah;
  const double sb = splitter * b, bh = sb - (sb - b), bl = b - bh;
  const double product = a * b;
  return {product, ((ah * bh - product) + ah * bl + al * bh) + al * bl};
#endif
}

/// The result is not normalised, so that a next product need not wait for that.
inline double_double product(double_double a, double_double b) {
  double_double p = exact_product(a.high, b.high);
  p.low += a.high * b.low + a.low * b.high;
  return p;
}

inline double_double normalised(double_double x) {
  const double sum = x.high + x.low;
  return {sum, x.low - (sum - x.high)};
}

/// 1 - base^exponent for base in [0, 1), correctly rounded except in rare ties. pow would lose up
/// to 10 bits near base = 1, and its result differs between C libraries.
///
/// This function is most of the cost of a small step, so it normalises only every 8th product. A
/// square doubles the relative size of low, and leaves out the square of low: 8 of them lose at
/// most 2^-90 of the power.
inline double one_minus_power(double base, std::uint64_t exponent) {
  constexpr double vanishes = 0x1p-60;  // 1 - less than this is 1; no low part underflows before
  double_double power{1, 0};
  double_double square{base, 0};
  for (unsigned bit = 1; exponent != 0; exponent >>= 1, ++bit) {
    if (exponent & 1) power = product(power, square);
    if (power.high < vanishes) return 1;
    if (exponent > 1) square = product(square, square);
    if (square.high < vanishes) return 1;
    if (bit % 8 == 0) {
      power = normalised(power);
      square = normalised(square);
    }
  }
  power = normalised(power);
  const double rest = 1 - power.high;
  return rest + ((1 - rest - power.high) - power.low);  // 1 - rest - high: what rest lost
}

/// For the tests' exact arithmetic of float64 tensors.
inline long double one_minus_power(long double base, std::uint64_t exponent) {
  return -std::expm1(static_cast<long double>(exponent) * std::log1p(base - 1));
}

/// eps, or the smallest normal T if eps is smaller. A scaled eps could become a denormal and be
/// flushed to 0, and then 0 / (0 + eps) would be NaN.
template <class T, class Real>
T keep_normal(Real eps) {
  return static_cast<T>(eps < std::numeric_limits<T>::min() ? Real(std::numeric_limits<T>::min())
                                                            : eps);
}

}  // namespace
}  // namespace gradstep::internal
