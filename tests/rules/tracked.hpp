// SPDX-License-Identifier: Apache-2.0
//
// The number type of the oracle: a value in arithmetic so much wider that it counts as exact, and
// how far from that value a float or double kernel may be.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "rules/power.hpp"
#include "rules/rule.hpp"

namespace gradstep_test {

template <class T>
struct wider;
template <>
struct wider<float> {
  using type = double;
};
template <>
struct wider<double> {
  using type = long double;
};

/// How far a kernel's number may be from the exact one, in units in the last place of its
/// magnitude. A rule may state a bound of its own, with the reason: a static constexpr error_units.
inline constexpr int default_error_units = 4;

/// One unit in the last place of a magnitude.
template <class T, class Wide>
Wide error_unit(Wide magnitude) {
  if (!std::isfinite(magnitude)) return std::numeric_limits<Wide>::infinity();
  const int exponent = std::ilogb(std::max<Wide>(magnitude, std::numeric_limits<T>::min()));
  return std::ldexp(static_cast<Wide>(std::numeric_limits<T>::epsilon()), exponent);
}

/// A comparison. Not decided: rounding errors may reverse it.
struct tracked_mask {
  bool value, is_decided;
  // NOLINTNEXTLINE(google-explicit-constructor): rules compare the constants of a step
  operator bool() const { return value; }
};

/// A value and its magnitude. The magnitude is what the value would be if no two addends had
/// cancelled: rounding errors are proportional to what was added, not to what remains. A value that
/// cancelled may go through a root, a division or a comparison. Then the result's magnitude is so
/// large that the default bound of the result covers every result of operands within their default
/// bound.
template <class T>
class tracked {
 public:
  using wide = typename wider<T>::type;

  tracked() : tracked(wide(0)) {}
  // NOLINTNEXTLINE(google-explicit-constructor): rules write 1 - x
  tracked(wide number) : tracked(number, std::abs(number)) {}
  tracked(wide number, wide at_least) : value(number), magnitude(at_least) {}

  /// A number of the state before the step, which the kernel has without any error.
  static tracked exact(wide number) {
    tracked result(number);
    result.is_exact = true;
    return result;
  }

  wide value, magnitude;
  bool is_exact = false;

  explicit operator wide() const { return value; }

  friend tracked operator-(tracked a) { return {-a.value, a.magnitude}; }
  friend tracked operator+(tracked a, tracked b) {
    return {a.value + b.value, a.magnitude + b.magnitude};
  }
  /// The difference of exact numbers is rounded once, however much cancels.
  friend tracked operator-(tracked a, tracked b) {
    if (a.is_exact && b.is_exact) return a.value - b.value;
    return {a.value - b.value, a.magnitude + b.magnitude};
  }
  friend tracked operator*(tracked a, tracked b) {
    return {a.value * b.value, normal(a.magnitude * b.magnitude)};
  }
  friend tracked operator/(tracked a, tracked b) {
    const wide least_divisor = std::abs(b.value) - b.reach();
    const wide quotient = a.value / b.value;
    if (a.magnitude == 0) return tracked(quotient);
    if (least_divisor <= 0) return {quotient, infinity};  // it may be any number
    return {quotient, normal(a.magnitude / std::abs(b.value) * (b.magnitude / least_divisor))};
  }

  friend tracked_mask operator<(tracked a, tracked b) { return decide(a.value < b.value, a, b); }
  friend tracked_mask operator>(tracked a, tracked b) { return decide(a.value > b.value, a, b); }
  friend tracked_mask operator<=(tracked a, tracked b) { return decide(a.value <= b.value, a, b); }
  friend tracked_mask operator>=(tracked a, tracked b) { return decide(a.value >= b.value, a, b); }
  friend tracked_mask operator==(tracked a, tracked b) { return decide(a.value == b.value, a, b); }
  friend tracked_mask operator!=(tracked a, tracked b) { return decide(a.value != b.value, a, b); }

  friend tracked fma(tracked a, tracked b, tracked c) { return a * b + c; }
  friend tracked abs(tracked x) { return {std::abs(x.value), x.magnitude}; }
  friend tracked sqrt(tracked x) {
    const wide root = std::sqrt(x.value);
    const wide above = std::sqrt(x.value + x.reach()) - root;
    const wide below = root - std::sqrt(std::max<wide>(x.value - x.reach(), 0));
    return {root, std::max(root, spanning(std::max(above, below)))};
  }
  /// Of constants.
  friend tracked power(tracked base, tracked exponent) {
    return gradstep::internal::power(base.value, exponent.value);
  }
  friend tracked select(tracked_mask condition, tracked yes, tracked no) {
    const tracked chosen = condition.value ? yes : no;
    if (condition.is_decided) return chosen;
    return {chosen.value,
            std::max(yes.magnitude, no.magnitude) + spanning(std::abs(yes.value - no.value))};
  }
  friend tracked sign(tracked x) {
    const tracked zero(wide(0)), one(wide(1));
    return select(x > zero, one, select(x < zero, zero - one, x));
  }
  // Not by select: where a > b is not decided, a and b differ by no more than the errors of both.
  friend tracked max(tracked a, tracked b) { return extreme(a > b, a, b); }
  friend tracked min(tracked a, tracked b) { return extreme(a < b, a, b); }
  friend tracked at_most(tracked x, tracked limit) { return x.value > limit.value ? limit : x; }

 private:
  static constexpr wide infinity = std::numeric_limits<wide>::infinity();
  static constexpr wide epsilon = std::numeric_limits<T>::epsilon();

  /// How far from the value a kernel may be.
  wide reach() const { return magnitude == 0 ? 0 : default_error_units * error_unit<T>(magnitude); }
  /// The least power of two that is a magnitude whose reach() is at least `distance`.
  static wide spanning(wide distance) {
    const wide unit = distance / default_error_units;
    if (unit == 0 || !std::isfinite(unit)) return unit;
    const int exponent = std::ilogb(unit);
    const bool is_power = std::ldexp(wide(1), exponent) == unit;
    return std::ldexp(wide(1), is_power ? exponent : exponent + 1) / epsilon;
  }

  /// Below the smallest normal T, rounding errors are as large as at that number.
  static wide normal(wide x) {
    return x == 0 ? 0 : std::max<wide>(x, std::numeric_limits<T>::min());
  }

  static tracked_mask decide(bool result, tracked a, tracked b) {
    return {result, !(std::abs(a.value - b.value) < a.reach() + b.reach())};
  }
  static tracked extreme(tracked_mask first, tracked a, tracked b) {
    const tracked chosen = first.value ? a : b;
    if (first.is_decided) return chosen;
    return {chosen.value, std::max(a.magnitude, b.magnitude)};
  }
};

}  // namespace gradstep_test

/// What prepare asks about the type of a step's constants.
template <class T>
struct std::numeric_limits<gradstep_test::tracked<T>> {
  static constexpr bool is_specialized = true;
  static constexpr bool is_iec559 = false;
  static constexpr typename gradstep_test::wider<T>::type min() {
    return std::numeric_limits<T>::min();
  }
};

namespace gradstep::internal {
namespace {

template <class T>
constexpr typename gradstep_test::wider<T>::type largest_square<gradstep_test::tracked<T>> =
    largest_square<T>;

}  // namespace
}  // namespace gradstep::internal
