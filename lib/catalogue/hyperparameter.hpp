// SPDX-License-Identifier: Apache-2.0
//
// What a hyper-parameter of a rule, or a parameter of a schedule, may be.
#pragma once

#include <cstdint>
#include <limits>

namespace gradstep::internal {

/// GRADSTEP_REAL and so on.
enum class value_kind : std::int32_t { real, flag, integer, list };

struct hyperparameter {
  const char* name;
  const char* help;
  double default_value;  // NaN: it must be set
  double minimum;
  double maximum;
  bool minimum_excluded;
  bool maximum_excluded;
  value_kind kind;  // a list: the bounds are those of its numbers
};

inline constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace gradstep::internal
