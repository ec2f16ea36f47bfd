// SPDX-License-Identifier: Apache-2.0
//
// What a schedule is made of. A schedule is one header in this folder:
//
//     struct NAME {
//       static constexpr hyperparameter hyperparameters[] = {...};
//       static constexpr definition info = describe("NAME", ..., hyperparameters);
//       static double lr(const settings<NAME>& s, double base, double t);
//       static double momentum(const settings<NAME>& s, double t);    only if it can drive momentum
//       static const char* conflict(const settings<NAME>& s);         only if values can conflict
//     };
//
// A linear warm-up precedes every schedule that has no hyper-parameter warmup_steps of its own.
#pragma once

#include <cmath>
#include <limits>

#include "catalogue/definition.hpp"

namespace gradstep::internal::schedules {

inline constexpr definition_words words{"schedule", "parameter"};

template <std::size_t Count>
consteval definition describe(const char* name, const char* summary, const char* formula,
                              const char* source, const hyperparameter (&hyperparameters)[Count]) {
  return {words, name, summary, formula, source, hyperparameters};
}

// ---- What the functions receive ---------------------------------------------------------------

/// The hyper-parameters of a schedule by name: s["gamma"].
template <class Schedule>
struct settings : named_values<Schedule> {
  std::span<const double> list;  // ascending; empty for a schedule without one

  explicit settings(const parameter_values& v) : named_values<Schedule>(v.numbers), list(v.list) {}
};

template <class Schedule>
concept drives_momentum = requires(const settings<Schedule>& s) {
  Schedule::momentum(s, 0.0);
};

// ---- Shared arithmetic ------------------------------------------------------------------------

/// base^exponent, at most the largest double, for a base >= 0 and an exponent >= 0. Being finite,
/// it gives 0 when multiplied by 0.
inline double finite_power(double base, double exponent) {
  return std::fmin(std::pow(base, exponent), std::numeric_limits<double>::max());
}

/// min(t, total) / total, for total > 0.
inline double progress(double t, double total) { return std::fmin(t, total) / total; }

/// (1 + cos(pi x)) / 2: 1 at x = 0, and exactly 0 at x = 1.
inline double half_cosine(double x) {
  constexpr double pi = 3.14159265358979323846;
  return (1 + std::cos(pi * x)) / 2;
}

/// end + (start - end) part for a part in [0, 1]: exact at both ends, and monotone.
inline double between(double end, double start, double part) { return std::lerp(end, start, part); }

}  // namespace gradstep::internal::schedules
