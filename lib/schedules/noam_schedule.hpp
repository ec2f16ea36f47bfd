// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schedules/schedule_formula.hpp"

namespace gradstep::internal::schedules {

/// The schedule of the Transformer (Vaswani et al. 2017).
///     L model_size^-0.5 min((t + 1)^-0.5, (t + 1) warmup_steps^-1.5)
struct noam {
  static constexpr hyperparameter hyperparameters[] = {
      count_from_1("model_size", not_set, "the width of the model"),
      count_from_1("warmup_steps", 4000, "steps in which the rate rises"),
  };
  static constexpr definition info =
      describe("noam", "a linear warm-up, then the inverse square root of the step",
               "L model_size^-0.5 min((t + 1)^-0.5, (t + 1) warmup_steps^-1.5)",
               "Vaswani et al. 2017", hyperparameters);

  static double lr(const settings<noam>& s, double base, double t) {
    const double warmup = s["warmup_steps"];
    const double shape = std::fmin(1 / std::sqrt(t + 1), (t + 1) / (warmup * std::sqrt(warmup)));
    return base / std::sqrt(s["model_size"]) * shape;
  }
};

}  // namespace gradstep::internal::schedules
