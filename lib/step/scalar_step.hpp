// SPDX-License-Identifier: Apache-2.0
//
// Steps of rules that have one pass and scalars.
#pragma once

#include "step/pass_outcome.hpp"
#include "step/step_request.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {

/// One pass without sums over a list, and then the tensors' scalars. Or the request's transform: it
/// changes params, their copies, and the scalars that hold the rule's mode. In the step's
/// floating-point environment.
pass_outcome update_with_scalars(const context& c, const step_request& request) noexcept;

}  // namespace gradstep::internal
