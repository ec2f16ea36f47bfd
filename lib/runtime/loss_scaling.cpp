// SPDX-License-Identifier: Apache-2.0
#include "loss_scaling.hpp"

#include <limits>

namespace gradstep::internal {
namespace {

/// The scale times the factor, if that is a normal float32.
double changed(double scale, double factor) {
  const double product = scale * factor;
  return is_normal_float32(product) ? product : scale;
}

}  // namespace

bool is_normal_float32(double x) {
  return x >= std::numeric_limits<float>::min() && x <= std::numeric_limits<float>::max();
}

void update_loss_scaler(gradstep_loss_scaler& scaler, bool is_skipped) noexcept {
  if (is_skipped) {
    scaler.scale = changed(scaler.scale, scaler.backoff_factor);
    scaler.steps_in_a_row = 0;
  } else if (++scaler.steps_in_a_row >= scaler.growth_interval) {
    scaler.scale = changed(scaler.scale, scaler.growth_factor);
    scaler.steps_in_a_row = 0;
  }
}

}  // namespace gradstep::internal
