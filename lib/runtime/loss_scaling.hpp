// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of a dynamic loss scale.
#pragma once

#include <gradstep/gradstep.h>

namespace gradstep::internal {

bool is_normal_float32(double x);

/// After a step of a valid scaler.
void update_loss_scaler(gradstep_loss_scaler& scaler, bool is_skipped) noexcept;

}  // namespace gradstep::internal
