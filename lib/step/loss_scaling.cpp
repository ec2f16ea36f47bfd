// SPDX-License-Identifier: Apache-2.0
#include "step/loss_scaling.hpp"

#include <cmath>
#include <limits>
#include <string>

#include "base/failure.hpp"
#include "base/float_environment.hpp"
#include "base/text.hpp"

namespace gradstep::internal {
namespace {

bool is_normal_float32(double x) {
  return std::isfinite(x) && x >= std::numeric_limits<float>::min() &&
         x <= std::numeric_limits<float>::max();
}

[[noreturn]] void refuse(const char* field, double value, const char* allowed) {
  throw failure(GRADSTEP_OUT_OF_RANGE, std::string("scaler.") + field + " = " +
                                           to_text(value).text + " is not " + allowed);
}

/// The scale times the factor, if that is a normal float32. Out of line, so that no arithmetic
/// moves out of the floating-point environment's scope.
[[gnu::noinline]] double changed(double scale, double factor) {
  const double product = scale * factor;
  return is_normal_float32(product) ? product : scale;
}

}  // namespace

void check_loss_scaler(const gradstep_loss_scaler& s) {
  if (!is_normal_float32(s.scale)) {
    refuse("scale", s.scale, "a positive normal float32, from 1.18e-38 to 3.4e38");
  }
  if (!(std::isfinite(s.growth_factor) && s.growth_factor >= 1)) {
    refuse("growth_factor", s.growth_factor, "a finite number from 1 on");
  }
  if (!(std::isfinite(s.backoff_factor) && s.backoff_factor > 0 && s.backoff_factor < 1)) {
    refuse("backoff_factor", s.backoff_factor, "between 0 and 1");
  }
  if (s.growth_interval == 0) refuse("growth_interval", 0, "at least 1");
}

void update_loss_scaler(gradstep_loss_scaler& scaler, bool is_skipped) noexcept {
  const float_environment environment(false);
  if (is_skipped) {
    scaler.scale = changed(scaler.scale, scaler.backoff_factor);
    scaler.steps_in_a_row = 0;
  } else if (++scaler.steps_in_a_row >= scaler.growth_interval) {
    scaler.scale = changed(scaler.scale, scaler.growth_factor);
    scaler.steps_in_a_row = 0;
  }
}

}  // namespace gradstep::internal
