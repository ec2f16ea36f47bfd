// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schedules/schedule_formula.hpp"

namespace gradstep::internal::schedules {

/// The square root scheduler of Dive into Deep Learning (Zhang et al.).
///     L / sqrt(t + offset)
struct inverse_sqrt {
  static constexpr hyperparameter hyperparameters[] = {
      positive("offset", 1, "added to t; with 1 the first rate is the base rate"),
  };
  static constexpr definition info =
      describe("inverse_sqrt", "falls with the square root of the step", "L / sqrt(t + offset)",
               "Zhang et al., Dive into Deep Learning", hyperparameters);

  static double lr(const settings<inverse_sqrt>& s, double base, double t) {
    return base / std::sqrt(t + s["offset"]);
  }
};

}  // namespace gradstep::internal::schedules
