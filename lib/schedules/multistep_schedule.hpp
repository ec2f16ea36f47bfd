// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include "schedules/schedule_formula.hpp"

namespace gradstep::internal::schedules {

/// PyTorch's MultiStepLR. A milestone that the list has twice counts twice.
///     L gamma^(number of milestones <= t)
struct multistep {
  static constexpr hyperparameter hyperparameters[] = {
      list_of_steps("milestones", "the steps at which the rate changes, ascending"),
      non_negative("gamma", 0.1, "multiplies the rate at each milestone"),
  };
  static constexpr definition info =
      describe("multistep", "multiplied by gamma at each milestone",
               "L gamma^(number of milestones <= t)", "PyTorch's MultiStepLR", hyperparameters);

  static double lr(const settings<multistep>& s, double base, double t) {
    const auto milestones = s.list;
    const auto passed = std::upper_bound(milestones.begin(), milestones.end(), t);
    return base * finite_power(s["gamma"], static_cast<double>(passed - milestones.begin()));
  }
};

}  // namespace gradstep::internal::schedules
