// SPDX-License-Identifier: Apache-2.0
//
// What the calls that make a stateless step share.
#pragma once

#include "capi/handles.hpp"
#include "capi/structs.hpp"
#include "capi/tensor_reading.hpp"
#include "step/step.hpp"

namespace gradstep::internal {

/// OUT_OF_RANGE for a number that is no step's. `name`: of the argument or field.
gradstep_status check_step_number(const char* name, std::uint64_t step) noexcept;

/// Reads and checks options, but for `step` and for what the rule and the tensors decide.
gradstep_status read_apply_options(const gradstep_apply_options* given,
                                   input_struct<gradstep_apply_options>& options) noexcept;

/// Checks the rule's state for a list: the scalars of the options, and each tensor's mode.
gradstep_status check_rule_state(const gradstep_rule& rule, const given_list& tensors,
                                 const gradstep_apply_options& options) noexcept;

/// Whether a step of the rule with these options needs check_rule_state.
inline bool has_rule_state(const rule_entry& rule, const gradstep_apply_options& o) noexcept {
  return !rule.info->scalars.empty() || o.scalars != nullptr || o.scalar_count != 0;
}

/// step: in place of options.step.
step_request request_of(const gradstep_rule& rule, const tensor_list& tensors,
                        const gradstep_apply_options& options, std::uint64_t step) noexcept;

/// The verdict on gradients whose norm the options give.
step_verdict given_verdict(const gradstep_apply_options& options) noexcept;

/// Makes a step that is checked, with the workspace of the options or one of its own.
/// INVALID_ARGUMENT for a workspace that is too small, OUT_OF_MEMORY. The result may be null.
gradstep_status run_checked(const context& c, step_request& request,
                            const gradstep_apply_options& options,
                            gradstep_apply_result* result) noexcept;

}  // namespace gradstep::internal
