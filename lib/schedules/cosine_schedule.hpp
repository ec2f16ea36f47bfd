// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schedules/schedule_formula.hpp"

namespace gradstep::internal::schedules {

/// Cosine annealing (Loshchilov & Hutter 2017), held at its end.
///     end_lr + (L - end_lr) (1 + cos(pi min(t, T) / T)) / 2        T = total_steps
struct cosine {
  static constexpr hyperparameter hyperparameters[] = {
      count_from_1("total_steps", not_set, "T, the step that reaches end_lr"),
      non_negative("end_lr", 0, "the last rate"),
  };
  static constexpr definition info =
      describe("cosine", "half a cosine from the base rate to end_lr",
               "end_lr + (L - end_lr) (1 + cos(pi min(t, T) / T)) / 2\n"
               "T = total_steps",
               "Loshchilov & Hutter 2017; PyTorch's CosineAnnealingLR", hyperparameters);

  static double lr(const settings<cosine>& s, double base, double t) {
    return between(s["end_lr"], base, half_cosine(progress(t, s["total_steps"])));
  }
};

}  // namespace gradstep::internal::schedules
