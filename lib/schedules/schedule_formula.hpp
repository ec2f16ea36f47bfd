// SPDX-License-Identifier: Apache-2.0
//
// What a schedule is made of. A schedule is one header in this folder:
//
//     struct NAME {
//       static constexpr hyperparameter parameters[] = {...};
//       static constexpr schedule_text text{...};
//       static double lr(const settings<NAME>& s, double base, double t);
//       static double momentum(const settings<NAME>& s, double t);       where it drives one
//       static const char* conflict(const settings<NAME>& s);            where values must fit
//     };
//
// One that has no parameter warmup_steps of its own begins with the warm-up that all share.
#pragma once

#include <cmath>
#include <limits>

#include "schedules/schedule_catalogue.hpp"

namespace gradstep::internal::schedules {

struct schedule_text {
  const char* name;
  const char* summary;
  const char* formula;
  const char* source;
};

// ---- Parameters by kind of bounds -------------------------------------------------------------

inline constexpr double not_set = std::numeric_limits<double>::quiet_NaN();

/// A finite number >= 0.
consteval hyperparameter rate(const char* name, double value, const char* help) {
  return {name, help, value, 0, infinity, false, true, value_kind::real};
}
consteval hyperparameter positive(const char* name, double value, const char* help) {
  return {name, help, value, 0, infinity, true, true, value_kind::real};
}
/// In [0, 1].
consteval hyperparameter proportion(const char* name, double value, const char* help) {
  return {name, help, value, 0, 1, false, false, value_kind::real};
}
/// In [1, infinity).
consteval hyperparameter divisor(const char* name, double value, const char* help) {
  return {name, help, value, 1, infinity, false, true, value_kind::real};
}
/// In [0, 1).
consteval hyperparameter driven_momentum(const char* name, double value, const char* help) {
  return {name, help, value, 0, 1, false, true, value_kind::real};
}
consteval hyperparameter count_from(double least, const char* name, double value,
                                    const char* help) {
  return {name, help, value, least, last_step, false, false, value_kind::integer};
}
consteval hyperparameter count_from_0(const char* name, double value, const char* help) {
  return count_from(0, name, value, help);
}
consteval hyperparameter count_from_1(const char* name, double value, const char* help) {
  return count_from(1, name, value, help);
}
consteval hyperparameter flag(const char* name, const char* help) {
  return {name, help, 0, 0, 1, false, false, value_kind::flag};
}
consteval hyperparameter list_of_steps(const char* name, const char* help) {
  return {name, help, not_set, 0, last_step, false, false, value_kind::list};
}

// ---- What the functions receive ---------------------------------------------------------------

template <class Schedule>
constexpr std::size_t find_parameter(std::string_view name) {
  for (std::size_t i = 0; i < std::size(Schedule::parameters); ++i) {
    if (Schedule::parameters[i].name == name) return i;
  }
  return no_parameter;
}

/// Not constexpr: reaching it ends the compilation with its name in the message.
inline void the_schedule_has_no_parameter_of_that_name() {}

/// A parameter's name, resolved while compiling: a misspelt one does not compile.
template <class Schedule>
struct parameter_key {
  std::size_t index;
  // NOLINTNEXTLINE(google-explicit-constructor): s["gamma"] is the point
  consteval parameter_key(const char* name) : index(find_parameter<Schedule>(name)) {
    if (index == no_parameter) the_schedule_has_no_parameter_of_that_name();
  }
};

template <class Schedule>
struct settings {
  const schedule_values& values;
  double operator[](parameter_key<Schedule> k) const { return values.numbers[k.index]; }
  bool is_set(parameter_key<Schedule> k) const { return values.numbers[k.index] != 0; }
  std::span<const double> list() const { return values.list; }
};

template <class Schedule>
concept checks_values = requires(const settings<Schedule>& s) {
  Schedule::conflict(s);
};

template <class Schedule>
concept drives_momentum = requires(const settings<Schedule>& s) {
  Schedule::momentum(s, 0.0);
};

// ---- Shared arithmetic ------------------------------------------------------------------------

/// base^exponent for a base >= 0 and an exponent >= 0, cut at the largest double: times 0 it is 0.
inline double finite_power(double base, double exponent) {
  return std::fmin(std::pow(base, exponent), std::numeric_limits<double>::max());
}

/// min(t, total) / total, for total > 0.
inline double progress(double t, double total) { return std::fmin(t, total) / total; }

/// (1 + cos(pi x)) / 2: from 1 at x = 0 to exactly 0 at x = 1.
inline double half_cosine(double x) {
  constexpr double pi = 3.14159265358979323846;
  return (1 + std::cos(pi * x)) / 2;
}

/// end + (start - end) part for a part in [0, 1]: exact at both ends, and monotone.
inline double between(double end, double start, double part) { return std::lerp(end, start, part); }

}  // namespace gradstep::internal::schedules
