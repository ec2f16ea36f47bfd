// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schedules/schedule_formula.hpp"

namespace gradstep::internal::schedules {

/// PyTorch's ExponentialLR.
///     L gamma^t
struct exponential {
  static constexpr hyperparameter hyperparameters[] = {
      non_negative("gamma", not_set, "multiplies the rate at every step"),
  };
  static constexpr definition info =
      describe("exponential", "multiplied by gamma at every step", "L gamma^t",
               "PyTorch's ExponentialLR", hyperparameters);

  static double lr(const settings<exponential>& s, double base, double t) {
    return base * finite_power(s["gamma"], t);
  }
};

}  // namespace gradstep::internal::schedules
