// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schedules/schedule_formula.hpp"

namespace gradstep::internal::schedules {

/// PyTorch's PolynomialLR (end_lr = 0), Keras's PolynomialDecay.
///     end_lr + (L - end_lr) (1 - min(t, T) / T)^power        T = total_steps
struct polynomial {
  static constexpr hyperparameter hyperparameters[] = {
      count_from_1("total_steps", not_set, "T, the step that reaches end_lr"),
      positive("power", 1, "1: a straight line"),
      non_negative("end_lr", 0, "the last rate"),
  };
  static constexpr definition info =
      describe("polynomial", "a power of the steps that are left",
               "end_lr + (L - end_lr) (1 - min(t, T) / T)^power\n"
               "T = total_steps",
               "PyTorch's PolynomialLR; Keras's PolynomialDecay", hyperparameters);

  static double lr(const settings<polynomial>& s, double base, double t) {
    const double left = 1 - progress(t, s["total_steps"]);
    return between(s["end_lr"], base, std::pow(left, s["power"]));
  }
};

}  // namespace gradstep::internal::schedules
