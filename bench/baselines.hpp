// SPDX-License-Identifier: Apache-2.0
//
// What one writes without this library: AdamW as a plain loop.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bench {

/// Everything that is constant over a step of AdamW, as in
///     m <- m + (1 - beta1)(g - m);  v <- beta2 v + (1 - beta2) g^2
///     p <- keep p - rate m / (sqrt(v) + eps)
struct adamw_constants {
  float keep, one_minus_beta1, beta2, one_minus_beta2, rate, eps;
};

/// The usual hyper-parameters at step t.
adamw_constants adamw_constants_at(std::uint64_t t);

/// Compiled as anyone's loop is: -O2, one element at a time.
void scalar_adamw(const adamw_constants& c, float* p, const float* g, float* m, float* v,
                  std::size_t count);

/// The loop of a careful programmer for the machine at hand: constants hoisted, one division and
/// one square root, restrict, -O3 -march=native -fno-math-errno -fno-trapping-math.
void careful_adamw(const adamw_constants& c, float* p, const float* g, float* m, float* v,
                   std::size_t count);

}  // namespace bench
