// SPDX-License-Identifier: Apache-2.0
#include "baselines.hpp"

#include <cmath>

namespace bench {

adamw_constants adamw_constants_at(std::uint64_t t) {
  constexpr double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 1e-2;
  const double c1 = 1 - std::pow(beta1, static_cast<double>(t));
  const double root2 = std::sqrt(1 - std::pow(beta2, static_cast<double>(t)));
  return {static_cast<float>(1 - lr * weight_decay),
          static_cast<float>(1 - beta1),
          static_cast<float>(beta2),
          static_cast<float>(1 - beta2),
          static_cast<float>(lr * root2 / c1),
          static_cast<float>(eps * root2)};
}

}  // namespace bench
