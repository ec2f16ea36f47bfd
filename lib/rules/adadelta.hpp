// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rules/rule.hpp"

namespace gradstep::internal {
namespace {

/// Adadelta (Zeiler 2012).
///     s <- rho s + (1 - rho) g^2
///     d = sqrt(u + eps) / sqrt(s + eps) g             computed as sqrt((u + eps) / (s + eps)) g
///     u <- rho u + (1 - rho) d^2
///     p <- p - lr d
struct adadelta : rule_with_one_form {
  static constexpr hyperparameter hyperparameters[] = {
      learning_rate(1),
      fraction("rho", 0.9, "decay of both moving averages"),
      epsilon(1e-6, "inside both roots (the textbook's: 1e-5)"),
      coupled_decay(),
      maximize(),
      l1_penalty(),
  };
  static constexpr slot slots[] = {
      non_negative(slot_from("square_avg", "moving average of squared gradients")),
      non_negative(
          slot_from("acc_delta", "moving average of squared updates, before the learning rate")),
  };
  static constexpr rule_info info =
      describe("adadelta", "needs no learning rate: updates in the units of past updates",
               "g <- g + l1_penalty sign(p) + weight_decay p\n"
               "s <- rho s + (1 - rho) g^2\n"
               "d = sqrt(u + eps) / sqrt(s + eps) g\n"
               "u <- rho u + (1 - rho) d^2\n"
               "p <- p - lr d",
               "Zeiler 2012", decay::coupled, hyperparameters, slots);

  /// d has an error of up to 4 units. acc_delta takes d^2, whose relative error is twice that.
  static constexpr int error_units = 8;

  template <class T>
  struct coefficients {
    T rate, eps;
    average_weights<T> averages[1];
  };

  template <class T, class H>
  static coefficients<T> prepare(const H& h) {
    return {T(h["lr"]), T(h["eps"]), {weights_of<T>(h["rho"])}};
  }

  template <form, class T, class V>
  static V update(const coefficients<T>& c, V, V g, V& s, V& u) {
    s = moving_average_of_square(s, g, c.averages[0]);
    const V d = sqrt((u + V(c.eps)) / (s + V(c.eps))) * g;
    u = moving_average_of_square(u, d, c.averages[0]);
    return d;
  }
};

}  // namespace
}  // namespace gradstep::internal
