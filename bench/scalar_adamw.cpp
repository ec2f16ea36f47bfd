// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "baselines.hpp"

namespace bench {

void scalar_adamw(const adamw_constants& c, float* p, const float* g, float* m, float* v,
                  std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    m[i] = m[i] + c.one_minus_beta1 * (g[i] - m[i]);
    v[i] = c.beta2 * v[i] + c.one_minus_beta2 * g[i] * g[i];
    p[i] = c.keep * p[i] - c.rate * (m[i] / (std::sqrt(v[i]) + c.eps));
  }
}

}  // namespace bench
