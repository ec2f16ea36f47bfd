// SPDX-License-Identifier: Apache-2.0
#include "capi/state_structs.hpp"

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_loss_scaler_init(gradstep_loss_scaler* scaler) {
  if (const auto s = check_output_struct(scaler, "scaler"); s != GRADSTEP_OK) return s;
  fill_loss_scaler(*scaler, {});
  return GRADSTEP_OK;
}

gradstep_status gradstep_loss_scaler_update(gradstep_loss_scaler* scaler, int32_t is_skipped) {
  if (scaler == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "scaler is NULL");
  if (const auto s = check_struct(scaler, "scaler"); s != GRADSTEP_OK) return s;
  return guarded([&] {
    auto own = read_loss_scaler(*scaler);
    check_loss_scaler(own);
    update_loss_scaler(own, is_skipped != 0);
    fill_loss_scaler(*scaler, own);
    return GRADSTEP_OK;
  });
}

}  // extern "C"
