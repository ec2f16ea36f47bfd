// SPDX-License-Identifier: Apache-2.0
//
// The arithmetic of a dynamic loss scale.
#pragma once

#include <cstdint>

namespace gradstep::internal {

/// Settings and state; the defaults are PyTorch's.
struct loss_scaler {
  double scale = 65536;  // the present one
  double growth_factor = 2;
  double backoff_factor = 0.5;
  std::uint64_t growth_interval = 2000;
  std::uint64_t steps_in_a_row = 0;  // not skipped, since the scale last changed
};

/// Throws failure (OUT_OF_RANGE) for a field outside its bounds.
void check_loss_scaler(const loss_scaler& scaler);

/// Updates a valid scaler after a step.
void update_loss_scaler(loss_scaler& scaler, bool is_skipped) noexcept;

}  // namespace gradstep::internal
