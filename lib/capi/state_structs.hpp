// SPDX-License-Identifier: Apache-2.0
//
// Translates the ABI's structs that hold a caller's state to and from the library's own.
#pragma once

#include <gradstep/gradstep.h>

#include "capi/structs.hpp"
#include "schedules/plateau.hpp"
#include "step/loss_scaling.hpp"

namespace gradstep::internal {

inline plateau read_plateau(const gradstep_plateau& p) {
  return {.lr = p.lr,
          .factor = p.factor,
          .threshold = p.threshold,
          .min_lr = p.min_lr,
          .eps = p.eps,
          .best = p.best,
          .patience = p.patience,
          .cooldown = p.cooldown,
          .bad_count = p.bad_count,
          .cooldown_left = p.cooldown_left,
          .maximizes = p.maximizes,
          .is_absolute = p.is_absolute};
}

inline void fill_plateau(gradstep_plateau& output, const plateau& p) noexcept {
  fill_output(output, {.struct_size = 0,
                       .lr = p.lr,
                       .factor = p.factor,
                       .threshold = p.threshold,
                       .min_lr = p.min_lr,
                       .eps = p.eps,
                       .best = p.best,
                       .patience = p.patience,
                       .cooldown = p.cooldown,
                       .bad_count = p.bad_count,
                       .cooldown_left = p.cooldown_left,
                       .maximizes = p.maximizes,
                       .is_absolute = p.is_absolute});
}

inline loss_scaler read_loss_scaler(const gradstep_loss_scaler& s) {
  return {.scale = s.scale,
          .growth_factor = s.growth_factor,
          .backoff_factor = s.backoff_factor,
          .growth_interval = s.growth_interval,
          .steps_in_a_row = s.steps_in_a_row};
}

inline void fill_loss_scaler(gradstep_loss_scaler& output, const loss_scaler& s) noexcept {
  fill_output(output, {.struct_size = 0,
                       .scale = s.scale,
                       .growth_factor = s.growth_factor,
                       .backoff_factor = s.backoff_factor,
                       .growth_interval = s.growth_interval,
                       .steps_in_a_row = s.steps_in_a_row});
}

}  // namespace gradstep::internal
