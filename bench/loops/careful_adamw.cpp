// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "baselines.hpp"

namespace bench {

void careful_adamw(const adamw_constants& constants, float* __restrict p, const float* __restrict g,
                   float* __restrict m, float* __restrict v, std::size_t count) {
  const adamw_constants c = constants;
  for (std::size_t i = 0; i < count; ++i) {
    const float gradient = g[i];
    const float m_new = m[i] + c.one_minus_beta1 * (gradient - m[i]);
    const float v_new = c.beta2 * v[i] + c.one_minus_beta2 * gradient * gradient;
    m[i] = m_new;
    v[i] = v_new;
    p[i] = c.keep * p[i] - c.rate * (m_new / (std::sqrt(v_new) + c.eps));
  }
}

}  // namespace bench
