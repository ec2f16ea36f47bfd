// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rules/power.hpp"
#include "rules/rule.hpp"

namespace gradstep::internal {
namespace {

/// NAdam (Dozat 2016; PyTorch's form), Adam with Nesterov's momentum.
///     mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2),   Pi = mu_1 mu_2 ... mu_t
///     m <- m + (1 - beta1)(g - m)
///     v <- v + (1 - beta2)(g^2 - v)
///     d = sqrt(v / c2) + eps,                           c2 = 1 - beta2^t
///     p <- p - lr (1 - mu_t) / (1 - Pi) g / d - lr mu_next / (1 - Pi mu_next) m / d
struct nadam : rule_with_one_form {
  static constexpr hyperparameter hyperparameters[] = {
      learning_rate(2e-3),
      fraction("beta1", 0.9, "decay of exp_avg"),
      fraction("beta2", 0.999, "decay of exp_avg_sq"),
      epsilon(1e-8, "keeps the denominator from zero"),
      non_negative("momentum_decay", 4e-3, "how fast mu_t grows from beta1 / 2 to beta1"),
      non_negative("weight_decay", 0, "coupled: g + weight_decay p in place of g"),
      flag("decoupled_weight_decay", "1: (1 - lr weight_decay) p in place of p instead"),
      maximize(),
      l1_penalty(),
      decay_after_step(),
  };
  static constexpr slot slots[] = {
      slot_from("exp_avg", "moving average of gradients"),
      non_negative(slot_from("exp_avg_sq", "moving average of squared gradients")),
  };
  static constexpr scalar scalars[] = {tensor_scalar("mu_product", "mu_1 mu_2 ... mu_t", 1)};
  static constexpr rule_info info = with_scalars(
      describe("nadam", "adam with Nesterov's momentum",
               "g <- g + l1_penalty sign(p) + weight_decay p\n"
               "decoupled:  p <- (1 - lr weight_decay) p instead of weight_decay in g\n"
               "mu_t = beta1 (1 - 0.96^(t momentum_decay) / 2),   Pi = mu_1 mu_2 ... mu_t\n"
               "m <- m + (1 - beta1)(g - m)\n"
               "v <- beta2 v + (1 - beta2) g^2\n"
               "d = sqrt(v/c2) + eps,   c2 = 1 - beta2^t\n"
               "p <- p - lr (1 - mu_t)/(1 - Pi) g/d - lr mu_next/(1 - Pi mu_next) m/d\n"
               "decay_after_step:  the decoupled decay comes last",
               "Dozat 2016; PyTorch", decay::chosen, hyperparameters, slots),
      scalars);

  /// The factors of g and m come from several operations in double. In float64, their errors add 2
  /// units.
  static constexpr int error_units = units_with_squared_gradient + 2;

  template <class H>
  static const char* conflict(const H& h) {
    if (h.is_set("decay_after_step") && !h.is_set("decoupled_weight_decay")) {
      return "decay_after_step = 1 needs decoupled_weight_decay = 1, but decoupled_weight_decay = "
             "0";
    }
    return nullptr;
  }

  template <class T>
  struct coefficients {
    T rate, eps, of_gradient, of_average;
    average_weights<T> averages[2];
  };

  template <class H>
  static auto momentum_at(const H& h, std::uint64_t t) {
    using real_number = decltype(h["beta1"]);
    const real_number exponent = static_cast<real_number>(t) * h["momentum_decay"];
    return h["beta1"] * (1 - power(static_cast<real_number>(0.96), exponent) / 2);
  }

  template <class T, class H>
  static coefficients<T> prepare(const H& h) {
    const auto root2 = sqrt(one_minus_power(h["beta2"], h.step));
    const auto mu = momentum_at(h, h.step), mu_next = momentum_at(h, h.step + 1);
    const auto product = h.scalar("mu_product") * mu;
    h.set_scalar("mu_product", product);
    return {T(h["lr"] * root2),
            keep_normal<T>(h["eps"] * root2),
            T((1 - mu) / (1 - product)),
            T(mu_next / (1 - product * mu_next)),
            {weights_of<T>(h["beta1"]), weights_of<T>(h["beta2"])}};
  }

  template <form, class T, class V>
  static V update(const coefficients<T>& c, V, V g, V& m, V& v) {
    m = moving_average(m, g, c.averages[0]);
    v = moving_average_of_square(v, g, c.averages[1]);
    return fma(V(c.of_average), m, V(c.of_gradient) * g) / (sqrt(v) + V(c.eps));
  }
};

}  // namespace
}  // namespace gradstep::internal
