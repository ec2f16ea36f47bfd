// SPDX-License-Identifier: Apache-2.0
//
// The first version of every struct that can grow. The library accepts all versions from it on.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>

namespace gradstep::internal {

/// first_version<Struct>::size: the bytes of the struct's first version. Appended fields do not
/// change it, so no line below ever changes.
template <class Struct>
struct first_version;

#define LAST_FIELD(type, field)                                                     \
  template <>                                                                       \
  struct first_version<type> {                                                      \
    static constexpr std::size_t size = offsetof(type, field) + sizeof type::field; \
  }

LAST_FIELD(gradstep_context_options, piece_size);
LAST_FIELD(gradstep_context_info, threading);
LAST_FIELD(gradstep_rule_info, transform_count);
LAST_FIELD(gradstep_hyperparameter_info, kind);
LAST_FIELD(gradstep_slot_info, reserved);
LAST_FIELD(gradstep_scalar_info, index);
LAST_FIELD(gradstep_tensor, scalar_count);
LAST_FIELD(gradstep_slot_layout, is_used);
LAST_FIELD(gradstep_apply_options, workspace_size);
LAST_FIELD(gradstep_apply_result, first_left_out);
LAST_FIELD(gradstep_norm_result, piece_count);
LAST_FIELD(gradstep_loss_scaler, steps_in_a_row);
LAST_FIELD(gradstep_schedule_info, hyperparameter_count);
LAST_FIELD(gradstep_plateau, is_absolute);
LAST_FIELD(gradstep_optimizer_options, seed);
LAST_FIELD(gradstep_group_options, flags);
LAST_FIELD(gradstep_step_options, non_finite_count);
LAST_FIELD(gradstep_optimizer_info, reserved);
LAST_FIELD(gradstep_group_info, lr_scale);
LAST_FIELD(gradstep_tensor_info, has_grad);
LAST_FIELD(gradstep_load_result, extra_count);
LAST_FIELD(gradstep_save_options, memory_size);
LAST_FIELD(gradstep_load_options, prefix);

#undef LAST_FIELD

}  // namespace gradstep::internal
