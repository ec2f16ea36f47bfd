// SPDX-License-Identifier: Apache-2.0
//
// AdamW as a careful programmer writes it: constants in locals, restrict, one division and one
// square root an element.
#include "tables.hpp"

namespace bench::GRADSTEP_BENCH_LEVEL {

void careful_adamw(const adamw_constants& constants, float* __restrict p, const float* __restrict g,
                   float* __restrict m, float* __restrict v, std::size_t count) {
  const adamw_constants c = constants;
  for (std::size_t i = 0; i < count; ++i) {
    const float gradient = g[i];
    const float m_new = m[i] + c.one_minus_beta1 * (gradient - m[i]);
    const float v_new = c.beta2 * v[i] + c.one_minus_beta2 * gradient * gradient;
    m[i] = m_new;
    v[i] = v_new;
    p[i] = c.keep * p[i] - c.rate * (m_new / (__builtin_sqrtf(v_new) + c.eps));
  }
}

}  // namespace bench::GRADSTEP_BENCH_LEVEL
