// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schedules/schedule_formula.hpp"

namespace gradstep::internal::schedules {

/// PyTorch's LinearLR.
///     L (start_factor + (end_factor - start_factor) min(t, T) / T)        T = total_steps
struct linear {
  static constexpr hyperparameter hyperparameters[] = {
      non_negative("start_factor", 1.0 / 3, "multiplies the base rate at first"),
      non_negative("end_factor", 1, "multiplies the base rate from step T on"),
      count_from_1("total_steps", 5, "T"),
  };
  static constexpr definition info =
      describe("linear", "a straight line from one multiple of the base rate to another",
               "L (start_factor + (end_factor - start_factor) min(t, T) / T)\n"
               "T = total_steps",
               "PyTorch's LinearLR", hyperparameters);

  static double lr(const settings<linear>& s, double base, double t) {
    return base * between(s["start_factor"], s["end_factor"], progress(t, s["total_steps"]));
  }
};

}  // namespace gradstep::internal::schedules
