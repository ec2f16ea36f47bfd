// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schedules/schedule_formula.hpp"

namespace gradstep::internal::schedules {

/// PyTorch's StepLR.
///     L gamma^floor(t / step_size)
struct step {
  static constexpr hyperparameter hyperparameters[] = {
      count_from_1("step_size", not_set, "steps between two changes"),
      non_negative("gamma", 0.1, "multiplies the rate at each change"),
  };
  static constexpr definition info =
      describe("step", "multiplied by gamma every step_size steps", "L gamma^floor(t / step_size)",
               "PyTorch's StepLR", hyperparameters);

  static double lr(const settings<step>& s, double base, double t) {
    return base * finite_power(s["gamma"], std::floor(t / s["step_size"]));
  }
};

}  // namespace gradstep::internal::schedules
