// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schedules/schedule_formula.hpp"

namespace gradstep::internal::schedules {

/// The 1cycle policy (Smith & Topin 2018), as PyTorch's OneCycleLR: phases that end at
///     up:    p T - 1          start to L          momentum max to base
///     down:  T - 1            L to end            momentum base to max
/// or with three_phase
///     up:    p T - 1          start to L          momentum max to base
///     down:  2 p T - 2        L to start          momentum base to max
///     end:   T - 1            start to end        momentum max
/// T = total_steps, p = warmup_fraction, start = L / start_divisor, end = start / final_divisor.
/// Within a phase: a + (b - a) x or, unless linear_anneal, b + (a - b) (1 + cos(pi x)) / 2.
struct one_cycle {
  static constexpr hyperparameter hyperparameters[] = {
      count_from_1("total_steps", not_set, "T, the steps of the whole cycle"),
      number("start_divisor", 25, at_least(1), "the first rate is the base rate divided by it"),
      number("final_divisor", 1e4, at_least(1), "the last rate is the first one divided by it"),
      proportion("warmup_fraction", 0.3, "p, the part of the cycle in which the rate rises"),
      flag("three_phase", "1: down to the first rate as fast as up, then to the last"),
      flag("linear_anneal", "1: straight lines instead of half cosines"),
      flag("drives_momentum", "1: drives momentum or beta1 too, inversely"),
      fraction("base_momentum", 0.85, "momentum where the rate is highest"),
      fraction("max_momentum", 0.95, "momentum where the rate is lowest"),
  };
  static constexpr definition info = describe(
      "one_cycle", "up to the base rate, then down to almost nothing",
      "start = L / start_divisor, end = start / final_divisor, T = total_steps, p = "
      "warmup_fraction\n"
      "start to L until p T - 1, L to end until T - 1\n"
      "three_phase:  start to L until p T - 1, L to start until 2 p T - 2, start to end until T - "
      "1\n"
      "a to b:  b + (a - b) (1 + cos(pi x)) / 2, with linear_anneal a + (b - a) x",
      "Smith & Topin 2018; PyTorch's OneCycleLR", hyperparameters);

  static const char* conflict(const settings<one_cycle>& s) {
    if (s.is_set("three_phase") && s["warmup_fraction"] > 0.5) {
      return "three_phase = 1 needs warmup_fraction <= 0.5: the rate falls as long as it rises";
    }
    return nullptr;
  }

  static double lr(const settings<one_cycle>& s, double base, double t) {
    const double start = base / s["start_divisor"];
    const double end = start / s["final_divisor"];
    const auto [phase, x] = place(s, t);
    if (phase == 0) return anneal(s, start, base, x);
    if (!s.is_set("three_phase")) return anneal(s, base, end, x);
    return phase == 1 ? anneal(s, base, start, x) : anneal(s, start, end, x);
  }

  static double momentum(const settings<one_cycle>& s, double t) {
    if (!s.is_set("drives_momentum")) return not_set;
    const double base = s["base_momentum"], max = s["max_momentum"];
    const auto [phase, x] = place(s, t);
    if (phase == 0) return anneal(s, max, base, x);
    return phase == 1 ? anneal(s, base, max, x) : max;
  }

 private:
  struct phase_and_part {
    int phase;
    double x;  // in [0, 1]
  };

  static phase_and_part place(const settings<one_cycle>& s, double t) {
    const double total = s["total_steps"];
    const double up = s["warmup_fraction"] * total;
    t = std::fmin(t, total - 1);
    // A phase may end before step 0. No t is in that phase, but the next one begins at its end.
    double start = 0;
    int phase = 0;
    for (const double end : {up - 1, s.is_set("three_phase") ? 2 * up - 2 : total - 1}) {
      if (t <= end) return {phase, part(start, end, t)};
      start = end;
      ++phase;
    }
    return {phase, part(start, total - 1, t)};
  }

  /// The part of a phase that is over at t; 1 for a phase of length 0.
  static double part(double start, double end, double t) {
    return end == start ? 1 : (t - start) / (end - start);
  }

  static double anneal(const settings<one_cycle>& s, double from, double to, double x) {
    return between(to, from, s.is_set("linear_anneal") ? 1 - x : half_cosine(x));
  }
};

}  // namespace gradstep::internal::schedules
