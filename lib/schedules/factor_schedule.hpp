// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schedules/schedule_formula.hpp"

namespace gradstep::internal::schedules {

/// The factor scheduler of Dive into Deep Learning (Zhang et al.).
///     max(stop_lr, L factor^t)
struct factor {
  static constexpr hyperparameter hyperparameters[] = {
      non_negative("factor", not_set, "multiplies the rate at every step"),
      non_negative("stop_lr", 0, "the lowest rate"),
  };
  static constexpr definition info = describe(
      "factor", "multiplied by a factor at every step, to a floor", "max(stop_lr, L factor^t)",
      "Zhang et al., Dive into Deep Learning", hyperparameters);

  static double lr(const settings<factor>& s, double base, double t) {
    return std::fmax(s["stop_lr"], base * finite_power(s["factor"], t));
  }
};

}  // namespace gradstep::internal::schedules
