// SPDX-License-Identifier: Apache-2.0
#include "capi/state_structs.hpp"

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_loss_scaler_init(gradstep_loss_scaler* scaler) {
  if (const auto s = check_output_struct(scaler, "scaler"); s != GRADSTEP_OK) return s;
  fill_loss_scaler(scaler, {});
  return GRADSTEP_OK;
}

gradstep_status gradstep_loss_scaler_update(gradstep_loss_scaler* scaler, int32_t is_skipped) {
  loss_scaler own;
  if (const auto s = read_loss_scaler(scaler, own); s != GRADSTEP_OK) return s;
  return guarded([&] {
    check_loss_scaler(own);
    update_loss_scaler(own, is_skipped != 0);
    fill_loss_scaler(scaler, own);
    return GRADSTEP_OK;
  });
}

}  // extern "C"
