// SPDX-License-Identifier: Apache-2.0
//
// Steps of rules that have several passes.
#pragma once

#include <span>

#include "step/pass_outcome.hpp"
#include "step/step_request.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {

/// All passes over several lists, whose requests have the same rule. They are one list unless the
/// rule sums over all tensors. That sum adds tensors by their index in the array that the lists
/// select from. In the step's floating-point environment.
pass_outcome update_in_passes(const context& c, std::span<step_request> requests) noexcept;

}  // namespace gradstep::internal
