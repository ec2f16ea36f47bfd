// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rules/rule.hpp"

namespace gradstep::internal {
namespace {

/// RMSProp (Hinton 2012; centered and with momentum: Graves 2013).
///     v <- alpha v + (1 - alpha) g^2
///     centered:       a <- alpha a + (1 - alpha) g;  d = v - a^2         else d = v
///     u = g / (sqrt(d) + eps)                        eps_inside: g / sqrt(d + eps)
///     momentum > 0:   b <- momentum b + u;  p <- p - lr b                else p <- p - lr u
/// Centered: v - a^2 cancels and may be rounded to less than 0, so d is max(v - a^2, 0). The bound
/// of the error counts that of d, up to 4 units of v + a^2, through the root (docs/numerics.md).
struct rmsprop {
  static constexpr hyperparameter hyperparameters[] = {
      learning_rate(1e-2),
      fraction("alpha", 0.99, "decay of the average of squared gradients (the textbook's gamma)"),
      epsilon(1e-8, "keeps the denominator from zero (the textbook's: 1e-6 inside)"),
      fraction("momentum", 0, "weight of past updates; 0: no momentum"),
      flag("centered", "1: divide by the standard deviation instead of the root mean square"),
      coupled_decay(),
      flag("eps_inside", "1: sqrt(d + eps), the textbook's; 0: sqrt(d) + eps, PyTorch's"),
      maximize(),
      l1_penalty(),
  };
  static constexpr slot slots[] = {
      non_negative(slot_from("square_avg", "moving average of squared gradients")),
      slot_from("grad_avg", "moving average of gradients; used when centered = 1"),
      slot_from("momentum_buffer", "decaying sum of updates; used when momentum > 0"),
  };
  static constexpr rule_info info =
      describe("rmsprop", "a rate per element from a moving average of squared gradients",
               "g <- g + l1_penalty sign(p) + weight_decay p\n"
               "v <- alpha v + (1 - alpha) g^2\n"
               "centered:      a <- alpha a + (1 - alpha) g;  d = v - a^2   else d = v\n"
               "u = g / (sqrt(d) + eps)                eps_inside: g / sqrt(d + eps)\n"
               "momentum > 0:  b <- momentum b + u;  p <- p - lr b          else p <- p - lr u",
               "Tieleman & Hinton 2012; Graves 2013", decay::coupled, hyperparameters, slots);

  static constexpr int error_units = units_with_squared_gradient;

  struct form {
    bool centered, momentum, eps_inside;
    bool operator==(const form&) const = default;
  };
  static constexpr form forms[] = {
      {false, false, false}, {false, false, true}, {false, true, false}, {false, true, true},
      {true, false, false},  {true, false, true},  {true, true, false},  {true, true, true},
  };

  template <class H>
  static form choose(const H& h) {
    return {h.is_set("centered"), h.is_set("momentum"), h.is_set("eps_inside")};
  }
  static constexpr bool uses(form f, std::string_view slot) {
    if (slot == "grad_avg") return f.centered;
    return slot != "momentum_buffer" || f.momentum;
  }

  template <class T>
  struct coefficients {
    T rate, eps;
    average_weights<T> averages[1], momentum;
  };

  template <class T, class H>
  static coefficients<T> prepare(const H& h) {
    return {T(h["lr"]), T(h["eps"]), {weights_of<T>(h["alpha"])}, weights_of<T>(h["momentum"])};
  }

  template <form F, class T, class V>
  static V update(const coefficients<T>& c, V, V g, V& v, V& a, V& b) {
    v = moving_average_of_square(v, g, c.averages[0]);
    V d = v;
    if constexpr (F.centered) {
      a = moving_average(a, g, c.averages[0]);
      d = max(fma(V(T(0)) - a, a, v), V(T(0)));
    }
    const V root = F.eps_inside ? sqrt(d + V(c.eps)) : sqrt(d) + V(c.eps);
    const V u = g / root;
    if constexpr (!F.momentum) {
      return u;
    } else {
      b = decaying_sum(b, u, c.momentum);
      return b;
    }
  }
};

}  // namespace
}  // namespace gradstep::internal
