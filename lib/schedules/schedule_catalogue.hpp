// SPDX-License-Identifier: Apache-2.0
//
// The schedules as run-time values.
#pragma once

#include <cstddef>
#include <span>

#include "catalogue/definition.hpp"

namespace gradstep::internal {

/// One schedule of the catalogue. Its functions take the values of its hyper-parameters.
struct schedule_entry {
  /// Has the formula's hyper-parameters, then those of the warm-up around the formula: a schedule
  /// that has a warmup_steps of its own has no warm-up around it.
  const definition* info;
  /// Null, or a static sentence that says which values do not go together.
  const char* (*conflict)(const parameter_values& values) noexcept;
  /// The formula, without the warm-up around it. The result is not NaN if all values are set and go
  /// together, base >= 0 is finite and t is in [0, last_step].
  double (*lr)(const parameter_values& values, double base, double t) noexcept;
  /// NaN: these values do not drive momentum. Null: no values do.
  double (*momentum)(const parameter_values& values, double t) noexcept;
  /// The indices of the warm-up's hyper-parameters; no_index: there is no warm-up around the
  /// formula.
  std::size_t warmup_steps, warmup_begin_lr;
};

std::span<const schedule_entry> schedule_catalogue() noexcept;

}  // namespace gradstep::internal
