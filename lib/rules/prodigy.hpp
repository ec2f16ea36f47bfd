// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rules/rule.hpp"

namespace gradstep::internal {
namespace {

/// Prodigy (Mishchenko & Defazio 2023): AdamW that estimates its rate, d, from all tensors.
///     k = d lr (bias_correction: times sqrt(c2) / c1),           c_i = 1 - beta_i^t
///     n <- beta3 n + (d / d0) k sum of g (p0 - p),   over all tensors
///     s <- beta3 s + (d / d0) k g
///     m <- beta1 m + (1 - beta1) d g
///     v <- beta2 v + (1 - beta2) (d g)^2
///     e = d_coef n / sum of |s|;   a sum of 0: the step stops
///     D <- d;  d = d0: d <- max(d, e);  d_max <- max(d_max, e);  d <- min(d_max, d growth_rate)
///     p <- (1 - k weight_decay) p - k m / (sqrt(v) + d eps)
struct prodigy : rule_with_one_form {
  static constexpr hyperparameter hyperparameters[] = {
      learning_rate(1),
      fraction("beta1", 0.9, "decay of exp_avg"),
      fraction("beta2", 0.999, "decay of exp_avg_sq"),
      fraction("beta3", 0, "decay of s and of d_numerator; 0: sqrt(beta2)"),
      epsilon(1e-8, "keeps the denominator from zero"),
      non_negative("weight_decay", 0, "decoupled: (1 - k weight_decay) p in place of p"),
      positive("d0", 1e-6, "the first estimate d"),
      positive("d_coef", 1, "factor of the estimate"),
      number("growth_rate", 0, at_least(0), "the most by which d grows in a step; 0: no limit"),
      flag("bias_correction", "1: adam's bias correction in k"),
      maximize(),
      l1_penalty(),
  };
  static constexpr slot slots[] = {
      slot_from("exp_avg", "moving average of d g"),
      non_negative(slot_from("exp_avg_sq", "moving average of (d g)^2")),
      slot_from("s", "decaying sum of weighted gradients"),
      slot_from_param("p0", "the first params"),
  };
  static constexpr scalar scalars[] = {
      scalar_of_all("d", "the estimated distance to the solution", "d0"),
      scalar_of_all("d_max", "the largest estimate so far", "d0"),
      scalar_of_all("d_numerator", "decaying sum of products g (p0 - p)"),
  };
  static constexpr const char* shared[] = {"beta2", "beta3", "d0", "d_coef", "growth_rate"};
  static constexpr rule_info info = with_sums_over_all(
      with_scalars(describe("prodigy", "adamw that finds its learning rate by itself",
                            "g <- g + l1_penalty sign(p)\n"
                            "k = d lr,   bias_correction: d lr sqrt(c2)/c1,   c_i = 1 - beta_i^t\n"
                            "n <- beta3 n + d/d0 k <g, p0 - p>,   over all tensors\n"
                            "s <- beta3 s + d/d0 k g\n"
                            "m <- beta1 m + (1 - beta1) d g\n"
                            "v <- beta2 v + (1 - beta2) (d g)^2\n"
                            "e = d_coef n / sum |s|\n"
                            "d = d0: d <- max(d, e);  d_max <- max(d_max, e);  d <- min(d_max, d "
                            "growth_rate)\n"
                            "p <- (1 - k weight_decay) p - k m / (sqrt(v) + d eps)",
                            "Mishchenko & Defazio 2023", decay::own, hyperparameters, slots),
                   scalars),
      shared);

  /// d and the product with it round the gradient once more before it is squared.
  static constexpr int error_units = units_with_squared_gradient + 2;

  template <class T>
  struct coefficients {
    T rate, eps, of_gradient, of_sum, decay;
    average_weights<T> averages[2], sum;
  };

  template <class H>
  static auto step_size(const H& h) {
    const auto k = h.scalar("d") * h["lr"];
    if (!h.is_set("bias_correction")) return k;
    return k * sqrt(one_minus_power(h["beta2"], h.step)) / one_minus_power(h["beta1"], h.step);
  }
  template <class H>
  static auto decay_of_sums(const H& h) {
    return h.is_set("beta3") ? h["beta3"] : sqrt(h["beta2"]);
  }

  /// 1 - sqrt(beta2) would lose digits.
  template <class T, class H>
  static average_weights<T> weights_of_sums(const H& h) {
    const auto decay = decay_of_sums(h);
    if (h.is_set("beta3")) return weights_of<T>(decay);
    return {T((1 - h["beta2"]) / (1 + decay)), T(decay)};
  }

  template <class T, class H>
  static coefficients<T> prepare(const H& h) {
    const auto k = step_size(h);
    return {T(k),
            keep_normal<T>(h.scalar("d") * h["eps"]),
            T(h.scalar("d")),
            T(h.scalar("d") / h["d0"] * k),
            T(h["weight_decay"]),
            {weights_of<T>(h["beta1"]), weights_of<T>(h["beta2"])},
            weights_of_sums<T>(h)};
  }

  template <form, class T, class V>
  static V update(const coefficients<T>& c, V p, V g, V& m, V& v, V& s, V&) {
    const V x = V(c.of_gradient) * g;
    m = moving_average(m, x, c.averages[0]);
    v = moving_average_of_square(v, x, c.averages[1]);
    s = decaying_sum(s, V(c.of_sum) * g, c.sum);
    return fma(V(c.decay), p, m / (sqrt(v) + V(c.eps)));
  }
  static constexpr bool stores(std::string_view slot) { return slot != "p0"; }

  // ---- The estimate of d ----------------------------------------------------------------------

  static constexpr pass_list passes(form) { return {1, {{2, {sum_extent::all, sum_extent::all}}}}; }

  template <form, std::size_t, class T, class V>
  static void sum(const coefficients<T>& c, V p, V g, V, V, V s, V p0, sum_term<V>* terms) {
    const V x = V(c.of_sum) * g;
    terms[0] = {x, p0 - p};
    terms[1] = {abs(decaying_sum(s, x, c.sum)), V(T(1))};
  }

  template <form, std::size_t, class T, class H, class Real>
  static bool finish(const H& h, const tensor_shape&, const Real* totals, coefficients<T>& c) {
    if (totals[1] == 0) return false;
    const Real numerator = decay_of_sums(h) * h.scalar("d_numerator") + totals[0];
    const Real estimate = h["d_coef"] * numerator / totals[1];
    Real d = h.scalar("d");
    if (d == h["d0"]) d = max(d, estimate);
    const Real largest = max(h.scalar("d_max"), estimate);
    d = h.is_set("growth_rate") ? min(largest, d * h["growth_rate"]) : largest;
    h.set_scalar("d", d);
    h.set_scalar("d_max", largest);
    h.set_scalar("d_numerator", numerator);
    c.eps = keep_normal<T>(d * h["eps"]);
    return true;
  }
};

}  // namespace
}  // namespace gradstep::internal
