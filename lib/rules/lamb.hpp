// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rules/rule.hpp"

namespace gradstep::internal {
namespace {

/// LAMB (You et al. 2020): Adam whose step is scaled by the norm of each tensor.
///     m <- m + (1 - beta1)(g - m)               without grad_averaging: m <- beta1 m + g
///     v <- v + (1 - beta2)(g^2 - v)
///     u = (m / c1) / (sqrt(v / c2) + eps) + weight_decay p,      c_i = 1 - beta_i^t
///     p <- p - lr (|p| / |u|) u
/// The ratio is 1 where a norm is 0, and without weight decay unless always_adapt is set. With
/// k = sqrt(c2) / c1, u is k times the direction d = m / (sqrt(v) + eps sqrt(c2)) + (wd / k) p.
struct lamb {
  static constexpr hyperparameter hyperparameters[] = {
      learning_rate(1e-3),
      fraction("beta1", 0.9, "decay of exp_avg"),
      fraction("beta2", 0.999, "decay of exp_avg_sq"),
      epsilon(1e-6, "keeps the denominator from zero"),
      non_negative("weight_decay", 1e-2, "weight of p in the step, before the norm is taken"),
      number("grad_averaging", 1, zero_or_one(), "0: m <- beta1 m + g"),
      flag("always_adapt", "1: scale by |p| / |u| without weight decay too"),
      maximize(),
      l1_penalty(),
  };
  static constexpr slot slots[] = {
      slot_from("exp_avg", "moving average of gradients"),
      non_negative(slot_from("exp_avg_sq", "moving average of squared gradients")),
  };
  static constexpr rule_info info = describe(
      "lamb", "adam whose step has the norm of lr times the tensor",
      "g <- g + l1_penalty sign(p)\n"
      "m <- m + (1 - beta1)(g - m)      without grad_averaging:  m <- beta1 m + g\n"
      "v <- beta2 v + (1 - beta2) g^2\n"
      "u = m/c1 / (sqrt(v/c2) + eps) + weight_decay p,   c1 = 1 - beta1^t, c2 = 1 - "
      "beta2^t\n"
      "r = |p| / |u|;   1 where a norm is 0, and if weight_decay = 0 without always_adapt\n"
      "p <- p - lr r u",
      "You et al. 2020", decay::own, hyperparameters, slots);

  /// The norms and their ratio are computed in double. In float64, their errors add 2 units.
  static constexpr int error_units = units_with_squared_gradient + 2;

  enum class form { averaging, summing };
  static constexpr form forms[] = {form::averaging, form::summing};
  template <class H>
  static form choose(const H& h) {
    return h.is_set("grad_averaging") ? form::averaging : form::summing;
  }
  static constexpr bool uses(form, std::string_view) { return true; }

  template <class T>
  struct coefficients {
    T rate, eps, decay;
    average_weights<T> averages[2];
  };

  template <class H>
  static auto gain(const H& h) {
    return sqrt(one_minus_power(h["beta2"], h.step)) / one_minus_power(h["beta1"], h.step);
  }

  template <class T, class H>
  static coefficients<T> prepare(const H& h) {
    const auto root2 = sqrt(one_minus_power(h["beta2"], h.step));
    return {T(h["lr"] * gain(h)),
            keep_normal<T>(h["eps"] * root2),
            T(h["weight_decay"] / gain(h)),
            {weights_of<T>(h["beta1"]), weights_of<T>(h["beta2"])}};
  }

  template <form F, class T, class V>
  static V update(const coefficients<T>& c, V p, V g, V& m, V& v) {
    m = F == form::averaging ? moving_average(m, g, c.averages[0])
                             : decaying_sum(m, g, c.averages[0]);
    v = moving_average_of_square(v, g, c.averages[1]);
    return fma(V(c.decay), p, m / (sqrt(v) + V(c.eps)));
  }

  // ---- The sums of p^2 and d^2 ----------------------------------------------------------------

  static constexpr std::size_t direction_term = 1;
  static constexpr pass_list passes(form) {
    return {1, {{2, {sum_extent::tensor, sum_extent::tensor}}}};
  }

  template <form F, std::size_t, class T, class V>
  static void sum(const coefficients<T>& c, V p, V g, V m, V v, sum_term<V>* terms) {
    const V d = update<F>(c, p, g, m, v);
    terms[0] = {p, p};
    terms[1] = {d, d};
  }

  template <form, std::size_t, class T, class H, class Real>
  static bool finish(const H& h, const tensor_shape&, const Real* totals, coefficients<T>& c) {
    const bool adapts = h.is_set("weight_decay") || h.is_set("always_adapt");
    if (!adapts || totals[0] == 0 || totals[1] == 0) return true;
    // lr k (|p| / |u|), with |u| = k |d|
    c.rate = T(h["lr"] * (sqrt(totals[0]) / sqrt(totals[1])));
    return true;
  }
};

}  // namespace
}  // namespace gradstep::internal
