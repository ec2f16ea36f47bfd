// SPDX-License-Identifier: Apache-2.0
#include "loss_scaling.hpp"

#include <cmath>

#include "owned_structs.hpp"

namespace gradstep::internal {

gradstep_status check_loss_scaler(const gradstep_loss_scaler* s) noexcept {
  if (s == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "scaler is NULL");
  if (const auto status = check_struct(s, "scaler"); status != GRADSTEP_OK) return status;
  const auto refuse = [](const char* field, double value, const char* allowed) {
    return fail(GRADSTEP_OUT_OF_RANGE, "scaler.%s = %s is not %s", field, to_text(value).text,
                allowed);
  };
  if (!is_normal_float32(s->scale)) {
    return refuse("scale", s->scale, "a positive normal float32, from 1.18e-38 to 3.4e38");
  }
  if (!(s->growth_factor >= 1 && std::isfinite(s->growth_factor))) {
    return refuse("growth_factor", s->growth_factor, "a finite number from 1 on");
  }
  if (!(s->backoff_factor > 0 && s->backoff_factor < 1)) {
    return refuse("backoff_factor", s->backoff_factor, "between 0 and 1");
  }
  if (s->growth_interval == 0) return refuse("growth_interval", 0, "at least 1");
  return GRADSTEP_OK;
}

}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_loss_scaler_init(gradstep_loss_scaler* scaler) {
  if (const auto s = check_output_struct(scaler, "scaler"); s != GRADSTEP_OK) return s;
  fill_output(*scaler, {0, 65536, 2, 0.5, 2000, 0});
  return GRADSTEP_OK;
}

gradstep_status gradstep_loss_scaler_update(gradstep_loss_scaler* scaler, int32_t is_skipped) {
  if (const auto s = check_loss_scaler(scaler); s != GRADSTEP_OK) return s;
  update_loss_scaler(*scaler, is_skipped != 0);
  return GRADSTEP_OK;
}

}  // extern "C"
