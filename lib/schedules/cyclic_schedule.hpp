// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schedules/schedule_formula.hpp"

namespace gradstep::internal::schedules {

/// Cyclical learning rates (Smith 2017), as PyTorch's CyclicLR.
///     L + (max_lr - L) y k
///     y from 0 to 1 in up_steps, and back in down_steps, again and again
///     k = 1 (triangular), 2^-(cycles before this one) with halves (triangular2), gamma^t
///     (exp_range)
struct cyclic {
  static constexpr hyperparameter hyperparameters[] = {
      non_negative("max_lr", not_set,
                   "the rate at the top of the first cycle; the base rate is the lowest"),
      count_from_1("up_steps", 2000, "steps in which the rate rises"),
      count_from_0("down_steps", 0, "steps in which the rate falls; 0: as many as up_steps"),
      flag("halves", "1: each cycle is half as high as the one before (triangular2)"),
      number("gamma", 1, left_open_interval(0, 1),
             "multiplies the height at every step (exp_range); 1: it stays"),
      flag("drives_momentum", "1: drives momentum or beta1 too, inversely"),
      fraction("base_momentum", 0.8, "momentum where the rate is highest"),
      fraction("max_momentum", 0.9, "momentum where the rate is lowest"),
  };
  static constexpr definition info =
      describe("cyclic", "up and down in straight lines, again and again",
               "L + (max_lr - L) y k\n"
               "y:  from 0 to 1 in up_steps, and back in down_steps, again and again\n"
               "k:  gamma^t, with halves 2^-(cycles before this one)",
               "Smith 2017; PyTorch's CyclicLR", hyperparameters);

  static const char* conflict(const settings<cyclic>& s) {
    if (s.is_set("halves") && s["gamma"] != 1) {
      return "halves = 1 needs gamma = 1: either shrinks the cycles";
    }
    return nullptr;
  }

  static double lr(const settings<cyclic>& s, double base, double t) {
    return between(base, s["max_lr"], height(s, t));
  }

  static double momentum(const settings<cyclic>& s, double t) {
    if (!s.is_set("drives_momentum")) return not_set;
    return between(s["max_momentum"], s["base_momentum"], height(s, t));
  }

 private:
  /// y k, in [0, 1].
  static double height(const settings<cyclic>& s, double t) {
    const double up = s["up_steps"];
    const double down = s.is_set("down_steps") ? s["down_steps"] : up;
    const double total = up + down;
    const double place = std::fmod(t, total);
    const double triangle = place <= up ? place / up : (total - place) / down;
    if (s.is_set("halves")) return triangle * std::exp2(-std::round((t - place) / total));
    return triangle * std::pow(s["gamma"], t);
  }
};

}  // namespace gradstep::internal::schedules
