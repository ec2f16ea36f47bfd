// SPDX-License-Identifier: Apache-2.0
//
// Steps of rules that have several passes, or scalars.
#pragma once

#include <cstdint>
#include <span>

#include "step/step_request.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {

struct pass_outcome {
  std::uint64_t piece_count = 0;  // pieces that ran
  bool is_stopped = false;        // the rule stopped the step: nothing is stored
};

/// One pass without sums over a list, and then the tensors' scalars. Or the request's transform: it
/// changes params, their copies, and the scalars that hold the rule's mode. In the step's
/// floating-point environment.
pass_outcome update_with_scalars(const context& c, const step_request& request) noexcept;

/// Makes the transform of the request: changes params and their copies, and the scalars that hold
/// the rule's mode. In the step's floating-point environment.
pass_outcome transform_in_one_pass(const context& c, const step_request& request) noexcept;

/// All passes over several lists, whose requests have the same rule. They are one list unless the
/// rule sums over all tensors. That sum adds tensors by their index in the array that the lists
/// select from. In the step's floating-point environment.
pass_outcome update_in_passes(const context& c, std::span<step_request> requests) noexcept;

}  // namespace gradstep::internal
