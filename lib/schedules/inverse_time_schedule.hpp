// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schedules/schedule_formula.hpp"

namespace gradstep::internal::schedules {

/// Keras's InverseTimeDecay.
///     L / (1 + rate t / decay_steps)        staircase: floor(t / decay_steps)
struct inverse_time {
  static constexpr hyperparameter hyperparameters[] = {
      non_negative("rate", not_set, "how fast the rate falls"),
      count_from_1("decay_steps", 1, "steps in which rate takes effect once"),
      flag("staircase", "1: only every decay_steps steps"),
  };
  static constexpr definition info = describe("inverse_time", "falls with the inverse of the step",
                                              "L / (1 + rate t / decay_steps)\n"
                                              "staircase:  L / (1 + rate floor(t / decay_steps))",
                                              "Keras's InverseTimeDecay", hyperparameters);

  static double lr(const settings<inverse_time>& s, double base, double t) {
    const double decays = t / s["decay_steps"];
    return base / (1 + s["rate"] * (s.is_set("staircase") ? std::floor(decays) : decays));
  }
};

}  // namespace gradstep::internal::schedules
