// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "rules/adam_moments.hpp"

namespace gradstep::internal {
namespace {

/// AdamW (Loshchilov & Hutter 2019): adam_moments.hpp with p <- (1 - lr weight_decay) p.
struct adamw : adam_moments {
  static constexpr hyperparameter hyperparameters[] = {
      learning_rate(1e-3),
      beta1,
      beta2,
      eps,
      non_negative("weight_decay", 1e-2, "decoupled: (1 - lr weight_decay) p in place of p"),
      amsgrad,
      eps_hat,
      maximize(),
      l1_penalty(),
      decay_after_step(),
  };
  static constexpr rule_info info =
      describe("adamw", "adam with the weight decay kept out of the moments",
               "g <- g + l1_penalty sign(p)\n"
               "p <- (1 - lr weight_decay) p\n"
               "m <- m + (1 - beta1)(g - m)\n"
               "v <- beta2 v + (1 - beta2) g^2\n"
               "amsgrad:  x <- max(x, v), then x in place of v\n"
               "p <- p - lr/c1 m / (sqrt(v/c2) + eps),   c1 = 1 - beta1^t, c2 = 1 - beta2^t\n"
               "eps_hat:  p <- p - lr sqrt(c2)/c1 m / (sqrt(v) + eps)\n"
               "decay_after_step:  p <- (1 - lr weight_decay) p comes last",
               "Loshchilov & Hutter 2019; Reddi, Kale & Kumar 2018; Transformers, ONNX Runtime",
               decay::decoupled, hyperparameters, slots);
};

}  // namespace
}  // namespace gradstep::internal
