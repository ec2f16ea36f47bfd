// SPDX-License-Identifier: Apache-2.0
//
// Validation of the small structs of state that a caller owns and an optimizer can hold.
#pragma once

#include "structs.hpp"

namespace gradstep::internal {

gradstep_status check_loss_scaler(const gradstep_loss_scaler* scaler) noexcept;

}  // namespace gradstep::internal
