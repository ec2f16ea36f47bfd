// SPDX-License-Identifier: Apache-2.0
//
// Translates the ABI's structs that hold a caller's state to and from the library's own.
#pragma once

#include <gradstep/gradstep.h>

#include "capi/structs.hpp"
#include "schedules/plateau.hpp"
#include "step/loss_scaling.hpp"

namespace gradstep::internal {

/// Copies every field that both structs have, in either direction.
template <class From, class To>
void copy_plateau(const From& from, To& to) noexcept {
  to.lr = from.lr;
  to.factor = from.factor;
  to.threshold = from.threshold;
  to.min_lr = from.min_lr;
  to.eps = from.eps;
  to.best = from.best;
  to.patience = from.patience;
  to.cooldown = from.cooldown;
  to.bad_count = from.bad_count;
  to.cooldown_left = from.cooldown_left;
  to.maximizes = from.maximizes;
  to.is_absolute = from.is_absolute;
}

template <class From, class To>
void copy_loss_scaler(const From& from, To& to) noexcept {
  to.scale = from.scale;
  to.growth_factor = from.growth_factor;
  to.backoff_factor = from.backoff_factor;
  to.growth_interval = from.growth_interval;
  to.steps_in_a_row = from.steps_in_a_row;
}

/// Reads the caller's struct. INVALID_ARGUMENT for one that cannot be read.
inline gradstep_status read_plateau(const gradstep_plateau* given, plateau& into) noexcept {
  input_struct<gradstep_plateau> fields;
  if (const auto s = fields.read(given, "plateau"); s != GRADSTEP_OK) return s;
  copy_plateau(*fields, into);
  return GRADSTEP_OK;
}

inline void fill_plateau(gradstep_plateau* output, const plateau& p) noexcept {
  gradstep_plateau values{};
  copy_plateau(p, values);
  fill_output(output, values);
}

/// Reads the caller's struct. INVALID_ARGUMENT for one that cannot be read.
inline gradstep_status read_loss_scaler(const gradstep_loss_scaler* given,
                                        loss_scaler& into) noexcept {
  input_struct<gradstep_loss_scaler> fields;
  if (const auto s = fields.read(given, "scaler"); s != GRADSTEP_OK) return s;
  copy_loss_scaler(*fields, into);
  return GRADSTEP_OK;
}

inline void fill_loss_scaler(gradstep_loss_scaler* output, const loss_scaler& s) noexcept {
  gradstep_loss_scaler values{};
  copy_loss_scaler(s, values);
  fill_output(output, values);
}

}  // namespace gradstep::internal
