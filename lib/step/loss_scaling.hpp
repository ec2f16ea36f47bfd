// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of a dynamic loss scale.
#pragma once

#include <gradstep/gradstep.h>

namespace gradstep::internal {

/// Throws failure (OUT_OF_RANGE) for a field outside its bounds; struct_size is not looked at.
void check_loss_scaler(const gradstep_loss_scaler& scaler);

/// After a step of a valid scaler.
void update_loss_scaler(gradstep_loss_scaler& scaler, bool is_skipped) noexcept;

}  // namespace gradstep::internal
