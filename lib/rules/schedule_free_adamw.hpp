// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rules/power.hpp"
#include "rules/rule.hpp"

namespace gradstep::internal {
namespace {

/// Schedule-free AdamW (Defazio et al. 2024). The param holds y, at which gradients are taken.
///     lr_t = lr min(t / warmup_steps, 1),   L = max(L, lr_t),   w = t^r L^weight_lr_power
///     W <- W + w,   c = w / W
///     v <- v + (1 - beta2)(g^2 - v)
///     u = g / (sqrt(v / c2) + eps) + weight_decay y,            c2 = 1 - beta2^t
///     y <- y + c (z - y) - lr_t (1 - beta1 (1 - c)) u
///     z <- z - lr_t u
/// The transform "evaluate" turns y into the averaged params x = y + (1 - 1 / beta1)(z - y), and
/// "train" turns x back into y = x + (1 - beta1)(z - x).
struct schedule_free_adamw : rule_with_one_form {
  static constexpr hyperparameter hyperparameters[] = {
      learning_rate(1e-3),
      number("beta1", 0.9, open_interval(0, 1), "weight of x in y = (1 - beta1) z + beta1 x"),
      fraction("beta2", 0.999, "decay of exp_avg_sq"),
      epsilon(1e-8, "keeps the denominator from zero"),
      non_negative("weight_decay", 0, "weight of y in the step"),
      count_from_0("warmup_steps", 0, "steps in which the rate grows to lr"),
      non_negative("r", 0, "exponent of t in the weights of the average"),
      non_negative("weight_lr_power", 2, "exponent of the largest rate in those weights"),
      maximize(),
      l1_penalty(),
  };
  static constexpr slot slots[] = {
      slot_from_param("z", "the params that plain steps lead to"),
      non_negative(slot_from("exp_avg_sq", "moving average of squared gradients")),
  };
  static constexpr scalar scalars[] = {
      tensor_scalar("lr_max", "L, the largest rate so far"),
      tensor_scalar("weight_sum", "W, the sum of the weights"),
      tensor_scalar("is_evaluated", "1: the param holds x, after \"evaluate\""),
  };
  static constexpr transform transforms[] = {
      {"evaluate", "y -> x: the averaged params, for evaluation", 0, 1},
      {"train", "x -> y: the params at which gradients are taken", 1, 0},
  };
  static constexpr rule_info info = with_transforms(
      with_scalars(
          describe("schedule_free_adamw", "adamw that averages its params instead of lowering lr",
                   "lr_t = lr min(t / warmup_steps, 1),  L = max(L, lr_t)\n"
                   "w = t^r L^weight_lr_power,  W <- W + w,  c = w / W\n"
                   "g <- g + l1_penalty sign(p)\n"
                   "v <- beta2 v + (1 - beta2) g^2\n"
                   "u = g / (sqrt(v/c2) + eps) + weight_decay p,   c2 = 1 - beta2^t\n"
                   "p <- p + c (z - p) - lr_t (1 - beta1 (1 - c)) u\n"
                   "z <- z - lr_t u",
                   "Defazio et al. 2024", decay::own, hyperparameters, slots),
          scalars),
      transforms, "is_evaluated");

  /// c and the factor of u come from several operations in double. In float64, their errors add 2
  /// units.
  static constexpr int error_units = units_with_squared_gradient + 2;

  template <class T>
  struct coefficients {
    T rate, eps, gain, decay, lr, of_step, of_average;
    average_weights<T> averages[1];
  };

  template <class T, class H>
  static coefficients<T> prepare(const H& h) {
    using real_number = decltype(h["lr"]);
    const auto t = static_cast<real_number>(h.step);
    const real_number root2 = sqrt(one_minus_power(h["beta2"], h.step));
    const real_number lr = t < h["warmup_steps"] ? h["lr"] * (t / h["warmup_steps"]) : h["lr"];
    const real_number largest = max(lr, h.scalar("lr_max"));
    const real_number weight = power(t, h["r"]) * power(largest, h["weight_lr_power"]);
    const real_number sum = h.scalar("weight_sum") + weight;
    const real_number c = sum == 0 ? real_number(0) : weight / sum;
    h.set_scalar("lr_max", largest);
    h.set_scalar("weight_sum", sum);
    return {T(1),  keep_normal<T>(h["eps"] * root2),   T(root2), T(h["weight_decay"]),
            T(lr), T(lr * (1 - h["beta1"] * (1 - c))), T(c),     {weights_of<T>(h["beta2"])}};
  }

  template <form, class T, class V>
  static V update(const coefficients<T>& c, V p, V g, V& z, V& v) {
    v = moving_average_of_square(v, g, c.averages[0]);
    const V u = fma(V(c.decay), p, V(c.gain) * g / (sqrt(v) + V(c.eps)));
    const V towards_z = V(c.of_average) * (p - z);
    z = fma(V(-c.lr), u, z);
    return fma(V(c.of_step), u, towards_z);
  }

  /// The transforms as rules whose gradient is not used: 0: p + (1 - 1 / beta1)(z - p), 1: p +
  /// (1 - beta1)(z - p).
  template <std::size_t Index>
  struct transform_rule : rule_with_one_form {
    static constexpr rule_info info = schedule_free_adamw::info;

    template <class T>
    struct coefficients {
      T rate;
    };
    template <class T, class H>
    static coefficients<T> prepare(const H& h) {
      return {T(Index == 0 ? 1 - 1 / h["beta1"] : 1 - h["beta1"])};
    }
    template <form, class T, class V>
    static V update(const coefficients<T>&, V p, V, V& z, V&) {
      return p - z;
    }
    static constexpr bool uses(form, std::string_view slot) { return slot == "z"; }
    static constexpr bool stores(std::string_view) { return false; }
  };
};

}  // namespace
}  // namespace gradstep::internal
