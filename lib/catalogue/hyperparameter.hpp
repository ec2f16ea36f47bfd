// SPDX-License-Identifier: Apache-2.0
//
// Hyper-parameters of rules and of schedules: a name, a default value, bounds, and a help text.
//
// The functions below run only while compiling, so the object of an instruction set has no copy of
// them.
#pragma once

#include <cstdint>
#include <limits>

namespace gradstep::internal {

/// GRADSTEP_REAL and so on.
enum class value_kind : std::int32_t { real, flag, integer, list };

/// The numbers that a value may be.
struct value_bounds {
  double minimum;
  double maximum;
  bool minimum_excluded;
  bool maximum_excluded;
  value_kind kind;  // list: the bounds apply to each of its numbers
};

struct hyperparameter {
  const char* name;
  const char* help;
  double default_value;  // not_set: there is none
  value_bounds bounds;
};

inline constexpr double infinity = std::numeric_limits<double>::infinity();

/// The value of a hyper-parameter that has no default until it is set.
inline constexpr double not_set = std::numeric_limits<double>::quiet_NaN();

/// 2^53: the largest step count. A double represents every whole number up to it.
inline constexpr double last_step = 9007199254740992;

// ---- Bounds -----------------------------------------------------------------------------------

/// [minimum, infinity).
consteval value_bounds at_least(double minimum) {
  return {minimum, infinity, false, true, value_kind::real};
}
/// (minimum, infinity).
consteval value_bounds above(double minimum) {
  return {minimum, infinity, true, true, value_kind::real};
}
/// [minimum, maximum].
consteval value_bounds closed_interval(double minimum, double maximum) {
  return {minimum, maximum, false, false, value_kind::real};
}
/// (minimum, maximum).
consteval value_bounds open_interval(double minimum, double maximum) {
  return {minimum, maximum, true, true, value_kind::real};
}
/// (minimum, maximum].
consteval value_bounds left_open_interval(double minimum, double maximum) {
  return {minimum, maximum, true, false, value_kind::real};
}
/// [minimum, maximum).
consteval value_bounds right_open_interval(double minimum, double maximum) {
  return {minimum, maximum, false, true, value_kind::real};
}
/// Whole numbers in [minimum, maximum].
consteval value_bounds whole_numbers(double minimum, double maximum) {
  return {minimum, maximum, false, false, value_kind::integer};
}
/// 0 or 1.
consteval value_bounds zero_or_one() { return {0, 1, false, false, value_kind::flag}; }

// ---- Hyper-parameters by kind of bounds -------------------------------------------------------

consteval hyperparameter number(const char* name, double value, value_bounds bounds,
                                const char* help) {
  return {name, help, value, bounds};
}
/// In [0, infinity).
consteval hyperparameter non_negative(const char* name, double value, const char* help) {
  return number(name, value, at_least(0), help);
}
/// In (0, infinity).
consteval hyperparameter positive(const char* name, double value, const char* help) {
  return number(name, value, above(0), help);
}
/// In [0, 1): a momentum, or the decay of a moving average.
consteval hyperparameter fraction(const char* name, double value, const char* help) {
  return number(name, value, right_open_interval(0, 1), help);
}
/// In [0, 1].
consteval hyperparameter proportion(const char* name, double value, const char* help) {
  return number(name, value, closed_interval(0, 1), help);
}
/// 0, the default, or 1.
consteval hyperparameter flag(const char* name, const char* help) {
  return number(name, 0, zero_or_one(), help);
}
/// A number of steps, say: a whole number in [0, 2^53].
consteval hyperparameter count_from_0(const char* name, double value, const char* help) {
  return number(name, value, whole_numbers(0, last_step), help);
}
/// A whole number in [1, 2^53].
consteval hyperparameter count_from_1(const char* name, double value, const char* help) {
  return number(name, value, whole_numbers(1, last_step), help);
}
/// Numbers in [0, 2^53], in ascending order.
consteval hyperparameter list_of_steps(const char* name, const char* help) {
  return number(name, not_set, {0, last_step, false, false, value_kind::list}, help);
}

}  // namespace gradstep::internal
