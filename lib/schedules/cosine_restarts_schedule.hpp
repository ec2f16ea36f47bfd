// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "schedules/schedule_formula.hpp"

namespace gradstep::internal::schedules {

/// Cosine annealing with warm restarts (SGDR; Loshchilov & Hutter 2017).
///     end_lr + (L - end_lr) (1 + cos(pi x)) / 2
///     x = (t - start_i) / length_i within the i-th period, i = 0, 1 ...
///     length_i = period period_factor^i        start_i = the sum of the lengths before it
struct cosine_restarts {
  static constexpr hyperparameter hyperparameters[] = {
      count_from_1("period", not_set, "steps in the first period"),
      number("period_factor", 1, closed_interval(1, last_step),
             "multiplies the period's length at each restart"),
      non_negative("end_lr", 0, "the rate at the end of a period"),
  };
  static constexpr definition info =
      describe("cosine_restarts", "half a cosine, again and again, in periods that grow",
               "end_lr + (L - end_lr) (1 + cos(pi x)) / 2\n"
               "x = (t - start_i) / length_i within the i-th period, i = 0, 1 ...\n"
               "length_i = period period_factor^i, start_i = the sum of the lengths before it",
               "Loshchilov & Hutter 2017; PyTorch's CosineAnnealingWarmRestarts", hyperparameters);

  static double lr(const settings<cosine_restarts>& s, double base, double t) {
    const double x = place_in_period(t, s["period"], s["period_factor"]);
    return between(s["end_lr"], base, half_cosine(x));
  }

 private:
  /// 1 + factor + ... + factor^(count - 1). Nothing cancels, because all addends are positive. The
  /// sum is exact wherever a double can represent it.
  static double geometric_sum(double factor, double count) {
    if (count == 0) return 0;
    const double half = std::floor(count / 2);
    const double even = geometric_sum(factor, half) * (1 + std::pow(factor, half));
    return 2 * half == count ? even : even * factor + 1;
  }

  static double place_in_period(double t, double period, double factor) {
    if (factor == 1) return std::fmod(t, period) / period;
    const auto start = [&](double i) { return period * geometric_sum(factor, i); };
    // Rounding may have made this a neighbour of the right period.
    double i = std::floor(std::log1p(t / period * (factor - 1)) / std::log1p(factor - 1));
    if (start(i + 1) <= t) {
      ++i;
    } else if (i > 0 && start(i) > t) {
      --i;
    }
    const double x = (t - start(i)) / (period * std::pow(factor, i));
    return std::fmin(std::fmax(x, 0), 1);
  }
};

}  // namespace gradstep::internal::schedules
