// SPDX-License-Identifier: Apache-2.0
#include "capi/structs.hpp"
#include "step/loss_scaling.hpp"

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_loss_scaler_init(gradstep_loss_scaler* scaler) {
  if (const auto s = check_output_struct(scaler, "scaler"); s != GRADSTEP_OK) return s;
  fill_output(*scaler, {0, 65536, 2, 0.5, 2000, 0});
  return GRADSTEP_OK;
}

gradstep_status gradstep_loss_scaler_update(gradstep_loss_scaler* scaler, int32_t is_skipped) {
  if (scaler == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "scaler is NULL");
  if (const auto s = check_struct(scaler, "scaler"); s != GRADSTEP_OK) return s;
  return guarded([&] {
    check_loss_scaler(*scaler);
    update_loss_scaler(*scaler, is_skipped != 0);
    return GRADSTEP_OK;
  });
}

}  // extern "C"
