// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rules/adam_moments.hpp"

namespace gradstep::internal {
namespace {

/// Adam: adam_moments.hpp after g <- g + weight_decay p.
struct adam : adam_moments {
  static constexpr hyperparameter hyperparameters[] = {
      learning_rate(1e-3), beta1,        beta2, eps, coupled_decay(), amsgrad, eps_hat,
      maximize(),          l1_penalty(),
  };
  static constexpr rule_info info = describe(
      "adam", "momentum and a rate per element, both corrected for their start",
      "g <- g + l1_penalty sign(p) + weight_decay p\n"
      "m <- m + (1 - beta1)(g - m)\n"
      "v <- beta2 v + (1 - beta2) g^2\n"
      "amsgrad:  x <- max(x, v), then x in place of v\n"
      "p <- p - lr/c1 m / (sqrt(v/c2) + eps),   c1 = 1 - beta1^t, c2 = 1 - beta2^t\n"
      "eps_hat:  p <- p - lr sqrt(c2)/c1 m / (sqrt(v) + eps)",
      "Kingma & Ba 2015; Reddi, Kale & Kumar 2018", decay::coupled, hyperparameters, slots);
};

}  // namespace
}  // namespace gradstep::internal
