// SPDX-License-Identifier: Apache-2.0
//
// The schedules as run-time values.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "catalogue/hyperparameter.hpp"

namespace gradstep::internal {

inline constexpr std::size_t max_schedule_parameters = 12;

/// 2^53: the last t, and the most steps that a parameter may count. A double holds each before it.
inline constexpr double last_step = 9007199254740992;

/// The values of a schedule's parameters, in the order of its entry.
struct schedule_values {
  std::array<double, max_schedule_parameters> numbers;  // NaN: not set; a list's is its length
  std::span<const double> list;                         // ascending; no schedule has two
};

struct schedule_entry {
  const char* name;
  const char* summary;
  const char* formula;
  const char* source;
  /// Those of the formula and, where the warm-up around it applies, warmup_steps and
  /// warmup_begin_lr.
  std::span<const hyperparameter> parameters;
  std::size_t warmup_steps, warmup_begin_lr;  // where these stand; no_parameter: there are none
  /// The formula, without the warm-up. Values that are set and go together, a finite base >= 0 and
  /// t in [0, last_step] never give NaN.
  double (*lr)(const schedule_values& values, double base, double t) noexcept;
  /// NaN where the values say that momentum is not driven. Null: it never is.
  double (*momentum)(const schedule_values& values, double t) noexcept;
  /// Null, or a static sentence that says which values do not go together.
  const char* (*conflict)(const schedule_values& values) noexcept;
};

inline constexpr std::size_t no_parameter = static_cast<std::size_t>(-1);

std::span<const schedule_entry> schedule_catalogue() noexcept;

/// Null when there is none of that name.
const schedule_entry* find_schedule(std::string_view name) noexcept;

}  // namespace gradstep::internal
