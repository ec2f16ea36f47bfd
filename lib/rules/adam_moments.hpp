// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rules/rule.hpp"

namespace gradstep::internal {
namespace {

/// What adam and adamw share (Kingma & Ba 2015; amsgrad: Reddi, Kale & Kumar 2018).
///     m <- m + (1 - beta1)(g - m)
///     v <- v + (1 - beta2)(g^2 - v)
///     amsgrad: x <- max(x, v), then x in place of v
///     p <- p - (lr sqrt(c2) / c1) m / (sqrt(v) + eps sqrt(c2)),      c_i = 1 - beta_i^t
///     eps_hat: eps in place of eps sqrt(c2)
struct adam_moments {
  static constexpr slot slots[] = {
      slot_from("exp_avg", "moving average of gradients"),
      non_negative(slot_from("exp_avg_sq", "moving average of squared gradients")),
      non_negative(slot_from("max_exp_avg_sq", "largest exp_avg_sq so far; used when amsgrad = 1")),
  };
  static constexpr hyperparameter beta1 = fraction("beta1", 0.9, "decay of exp_avg");
  static constexpr hyperparameter beta2 = fraction("beta2", 0.999, "decay of exp_avg_sq");
  static constexpr hyperparameter eps = epsilon(1e-8, "keeps the denominator from zero");
  static constexpr hyperparameter amsgrad =
      flag("amsgrad", "1: divide by the largest second moment so far");
  static constexpr hyperparameter eps_hat =
      flag("eps_hat", "1: eps uncorrected (the paper's section 2, Keras); 0: PyTorch's");

  static constexpr int error_units = units_with_squared_gradient;

  enum class form { plain, amsgrad };
  static constexpr form forms[] = {form::plain, form::amsgrad};

  template <class H>
  static form choose(const H& h) {
    return h.is_set("amsgrad") ? form::amsgrad : form::plain;
  }
  static constexpr bool uses(form f, std::string_view slot) {
    return slot != "max_exp_avg_sq" || f == form::amsgrad;
  }

  template <class T>
  struct coefficients {
    T rate, eps;
    average_weights<T> averages[2];  // of gradients, and of their squares
  };

  template <class T, class H>
  static coefficients<T> prepare(const H& h) {
    const auto correction1 = one_minus_power(h["beta1"], h.step);
    const auto root2 = sqrt(one_minus_power(h["beta2"], h.step));
    const auto eps = h.is_set("eps_hat") ? h["eps"] : h["eps"] * root2;
    return {T(h["lr"] * root2 / correction1),
            keep_normal<T>(eps),
            {weights_of<T>(h["beta1"]), weights_of<T>(h["beta2"])}};
  }

  template <form F, class T, class V>
  static V update(const coefficients<T>& c, V, V g, V& m, V& v, V& x) {
    m = moving_average(m, g, c.averages[0]);
    v = moving_average_of_square(v, g, c.averages[1]);
    if constexpr (F == form::amsgrad) x = max(x, v);
    const V root = sqrt(F == form::amsgrad ? x : v) + V(c.eps);
    return m / root;
  }
};

}  // namespace
}  // namespace gradstep::internal
