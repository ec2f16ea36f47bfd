// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rules/rule.hpp"

namespace gradstep::internal {
namespace {

/// Adagrad (Duchi, Hazan & Singer 2011).
///     s <- s + g^2
///     p <- p - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)       eps_inside: sqrt(s + eps)
struct adagrad {
  static constexpr hyperparameter hyperparameters[] = {
      learning_rate(1e-2),
      non_negative("lr_decay", 0, "the rate of step t is lr / (1 + (t - 1) lr_decay)"),
      coupled_decay(),
      non_negative("initial_accumulator_value", 0, "what sum holds before the first step"),
      epsilon(1e-10, "keeps the denominator from zero (the textbook's: 1e-6 inside)"),
      flag("eps_inside", "1: sqrt(sum + eps), the textbook's; 0: sqrt(sum) + eps, PyTorch's"),
      maximize(),
      l1_penalty(),
  };
  static constexpr slot slots[] = {non_negative(
      slot_from_hyperparameter("sum", "sum of squared gradients", "initial_accumulator_value"))};
  static constexpr rule_info info =
      describe("adagrad", "a rate per element that shrinks with the sum of squared gradients",
               "g <- g + l1_penalty sign(p) + weight_decay p\n"
               "s <- s + g^2\n"
               "p <- p - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)\n"
               "eps_inside:  ... g / sqrt(s + eps)",
               "Duchi, Hazan & Singer 2011", decay::coupled, hyperparameters, slots);

  static constexpr int error_units = units_with_squared_gradient;

  enum class form { eps_outside, eps_inside };
  static constexpr form forms[] = {form::eps_outside, form::eps_inside};

  template <class H>
  static form choose(const H& h) {
    return h.is_set("eps_inside") ? form::eps_inside : form::eps_outside;
  }
  static constexpr bool uses(form, std::string_view) { return true; }

  template <class T>
  struct coefficients {
    T rate, eps;
  };

  template <class T, class H>
  static coefficients<T> prepare(const H& h) {
    const auto lr = h["lr"];
    const decltype(lr) past_steps = h.step - 1;
    return {T(lr / (1 + past_steps * h["lr_decay"])), T(h["eps"])};
  }

  template <form F, class T, class V>
  static V update(const coefficients<T>& c, V, V g, V& s) {
    s = sum_with_square<T>(s, g);
    const V root = F == form::eps_inside ? sqrt(s + V(c.eps)) : sqrt(s) + V(c.eps);
    return g / root;
  }
};

}  // namespace
}  // namespace gradstep::internal
