// SPDX-License-Identifier: Apache-2.0
//
// AdamW as a plain loop, as one writes it without this library.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bench {

/// The constants of a step of AdamW:
///     m <- m + (1 - beta1)(g - m);  v <- beta2 v + (1 - beta2) g^2
///     p <- keep p - rate m / (sqrt(v) + eps)
struct adamw_constants {
  float keep, one_minus_beta1, beta2, one_minus_beta2, rate, eps;
};

/// The usual hyper-parameters at step t.
adamw_constants adamw_constants_at(std::uint64_t t);

/// A simple loop, compiled with -O2, one element at a time.
void scalar_adamw(const adamw_constants& c, float* p, const float* g, float* m, float* v,
                  std::size_t count);

}  // namespace bench
