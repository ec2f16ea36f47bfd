// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schedules/schedule_formula.hpp"

namespace gradstep::internal::schedules {

/// Warm-up, stable, decay (Hu et al. 2024, MiniCPM), W = warmup_steps, S = stable_steps,
/// D = decay_steps:
///     t < W            L t / W
///     t < W + S        L
///     then             L (f (1 - min_factor) + min_factor)        x = min(t - W - S, D) / D
///     f = 1 - x, (1 + cos(pi x)) / 2 or 1 - sqrt(x), chosen by decay_shape
struct wsd {
  static constexpr hyperparameter hyperparameters[] = {
      count_from_0("warmup_steps", 0, "W, steps from 0 to the base rate"),
      count_from_0("stable_steps", not_set, "S, steps at the base rate"),
      count_from_0("decay_steps", not_set, "D, steps from the base rate to the last one"),
      number("decay_shape", 0, whole_numbers(0, 2),
             "0: linear, 1: half a cosine, 2: one minus the square root"),
      proportion("min_factor", 0, "the last rate as a part of the base rate"),
  };
  static constexpr definition info = describe(
      "wsd", "warm-up, a long stable rate, a short decay",
      "t < W:      L t / W\n"
      "t < W + S:  L\n"
      "then:       L (f (1 - min_factor) + min_factor), x = min(t - W - S, D) / D\n"
      "f = 1 - x, (1 + cos(pi x)) / 2 or 1 - sqrt(x); W, S, D = warmup_steps, stable_steps, "
      "decay_steps",
      "Hu et al. 2024, MiniCPM; Haegele et al. 2024", hyperparameters);

  static double lr(const settings<wsd>& s, double base, double t) {
    const double warmup = s["warmup_steps"];
    if (t < warmup) return base * (t / warmup);
    t -= warmup;
    if (t < s["stable_steps"]) return base;
    t -= s["stable_steps"];
    const double x = s.is_set("decay_steps") ? progress(t, s["decay_steps"]) : 1;
    return base * between(s["min_factor"], 1, remaining(s["decay_shape"], x));
  }

 private:
  static double remaining(double shape, double x) {
    if (shape == 0) return 1 - x;
    return shape == 1 ? half_cosine(x) : 1 - std::sqrt(x);
  }
};

}  // namespace gradstep::internal::schedules
