// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schedules/schedule_formula.hpp"

namespace gradstep::internal::schedules {

/// PyTorch's ConstantLR. With the defaults the rate is L, after the warm-up that all share.
///     t < total_steps ? L factor : L
struct constant {
  static constexpr hyperparameter hyperparameters[] = {
      non_negative("factor", 1, "multiplies the base rate for the first total_steps steps"),
      count_from_0("total_steps", 0, "steps with the factor"),
  };
  static constexpr definition info = describe("constant", "the base rate, at first times a factor",
                                              "t < total_steps:  L factor\n"
                                              "then:             L",
                                              "PyTorch's ConstantLR", hyperparameters);

  static double lr(const settings<constant>& s, double base, double t) {
    return t < s["total_steps"] ? base * s["factor"] : base;
  }
};

}  // namespace gradstep::internal::schedules
