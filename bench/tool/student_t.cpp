// SPDX-License-Identifier: Apache-2.0
#include "student_t.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace bench {

// With t = sqrt(degrees) * tan(angle), the distribution's density is proportional to
// cos(angle)^(degrees - 1) between the right angles, so that its integral needs no other function.
double two_sided_t(double confidence, double degrees) {
  constexpr int steps = 2048;
  constexpr double width = std::numbers::pi / 2 / steps;
  const double most = std::min(degrees, 1000.0);
  const auto area = [most](int step) { return std::pow(std::cos((step + 0.5) * width), most - 1); };
  double total = 0;
  for (int i = 0; i < steps; ++i) total += area(i);
  double left = confidence * total;
  int step = 0;
  while (step < steps - 1 && left > area(step)) left -= area(step++);
  return std::sqrt(most) * std::tan((step + left / area(step)) * width);
}

}  // namespace bench
