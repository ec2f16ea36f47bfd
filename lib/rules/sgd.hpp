// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rules/rule.hpp"

namespace gradstep::internal {
namespace {

/// Stochastic gradient descent with momentum (Polyak 1964; Nesterov 1983, as in Sutskever 2013).
///     momentum = 0        p <- p - lr g
///     momentum mu > 0     b <- mu b + (1 - dampening) g       b's first step: b <- g
///                         p <- p - lr (nesterov ? g + mu b : b)
///     lr_in_velocity      b <- mu b + lr g
///                         p <- p - (nesterov ? mu b + lr g : b)
/// Both momentum lines are b <- mu b + gain g; p <- p - rate (nesterov ? gain g + mu b : b).
struct sgd {
  static constexpr hyperparameter hyperparameters[] = {
      learning_rate(1e-3),
      fraction("momentum", 0, "mu, the weight of past gradients; 0: no momentum"),
      proportion("dampening", 0, "part of the gradient kept out of the momentum buffer"),
      flag("nesterov", "1: Nesterov's look-ahead; needs momentum > 0 and dampening = 0"),
      coupled_decay(),
      maximize(),
      flag("lr_in_velocity",
           "1: the textbook's form, the learning rate inside the momentum buffer"),
      l1_penalty(),
  };
  static constexpr slot slots[] = {
      slot_from("momentum_buffer", "decaying sum of gradients; used when momentum > 0")};
  static constexpr rule_info info =
      describe("sgd", "stochastic gradient descent, with momentum, Nesterov's or the textbook's",
               "g <- g + l1_penalty sign(p) + weight_decay p\n"
               "momentum = 0:    p <- p - lr g\n"
               "momentum > 0:    b <- momentum b + (1 - dampening) g      (b's first: b <- g)\n"
               "                 p <- p - lr (nesterov ? g + momentum b : b)\n"
               "lr_in_velocity:  b <- momentum b + lr g\n"
               "                 p <- p - (nesterov ? momentum b + lr g : b)",
               "Sutskever, Martens, Dahl & Hinton 2013; Zhang et al., Dive into Deep Learning",
               decay::coupled, hyperparameters, slots);

  enum class form { plain, momentum, nesterov };
  static constexpr form forms[] = {form::plain, form::momentum, form::nesterov};

  template <class H>
  static form choose(const H& h) {
    if (!h.is_set("momentum")) return form::plain;
    return h.is_set("nesterov") ? form::nesterov : form::momentum;
  }
  static constexpr bool uses(form f, std::string_view) { return f != form::plain; }

  template <class H>
  static const char* conflict(const H& h) {
    if (h.is_set("nesterov") && !h.is_set("momentum")) {
      return "nesterov = 1 needs momentum > 0, but momentum = 0";
    }
    if (h.is_set("nesterov") && h.is_set("dampening")) {
      return "nesterov = 1 needs dampening = 0, but dampening is set";
    }
    if (h.is_set("lr_in_velocity") && h.is_set("dampening")) {
      return "lr_in_velocity = 1 needs dampening = 0, but dampening is set";
    }
    return nullptr;
  }

  template <class T>
  struct coefficients {
    average_weights<T> momentum;
    T gain, rate;
  };

  template <class T, class H>
  static coefficients<T> prepare(const H& h) {
    const auto lr = h["lr"];
    // Plain descent in either form is lr g.
    if (h.is_set("lr_in_velocity") && h.is_set("momentum")) {
      return {weights_of<T>(h["momentum"]), T(lr), T(1)};
    }
    const T gain = h.has_fresh_slots ? T(1) : T(1 - h["dampening"]);
    return {weights_of<T>(h["momentum"]), gain, T(lr)};
  }

  template <form F, class T, class V>
  static V update(const coefficients<T>& c, V, V g, V& b) {
    if constexpr (F == form::plain) {
      return g;
    } else {
      const V scaled = V(c.gain) * g;
      b = decaying_sum(b, scaled, c.momentum);
      return F == form::nesterov ? fma(V(c.momentum.of_past), b, scaled) : b;
    }
  }
};

}  // namespace
}  // namespace gradstep::internal
