// SPDX-License-Identifier: Apache-2.0
#include "step/loss_scaling.hpp"

#include <cmath>
#include <limits>

#include "base/failure.hpp"
#include "base/float_environment.hpp"
#include "base/text.hpp"

namespace gradstep::internal {
namespace {

bool is_normal_float32(double x) {
  return std::isfinite(x) && x >= std::numeric_limits<float>::min() &&
         x <= std::numeric_limits<float>::max();
}

[[noreturn]] void refuse_field(const char* field, double value, const char* allowed) {
  refuse(GRADSTEP_OUT_OF_RANGE, "scaler.%s = %s is not %s", field, to_text(value).text, allowed);
}

/// Multiplies the scale by the factor, unless the product is no normal float32.
void change_scale(loss_scaler& s, double factor) {
  const double product = s.scale * factor;
  if (is_normal_float32(product)) s.scale = product;
  s.steps_in_a_row = 0;
}

}  // namespace

void check_loss_scaler(const loss_scaler& s) {
  if (!is_normal_float32(s.scale)) {
    refuse_field("scale", s.scale, "a positive normal float32, from 1.18e-38 to 3.4e38");
  }
  if (!(std::isfinite(s.growth_factor) && s.growth_factor >= 1)) {
    refuse_field("growth_factor", s.growth_factor, "a finite number from 1 on");
  }
  if (!(std::isfinite(s.backoff_factor) && s.backoff_factor > 0 && s.backoff_factor < 1)) {
    refuse_field("backoff_factor", s.backoff_factor, "between 0 and 1");
  }
  if (s.growth_interval == 0) refuse_field("growth_interval", 0, "at least 1");
}

void update_loss_scaler(loss_scaler& s, bool is_skipped) noexcept {
  in_step_environment(false, [&] {
    if (is_skipped) {
      change_scale(s, s.backoff_factor);
    } else if (++s.steps_in_a_row >= s.growth_interval) {
      change_scale(s, s.growth_factor);
    }
  });
}

}  // namespace gradstep::internal
