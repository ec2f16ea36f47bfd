// SPDX-License-Identifier: Apache-2.0
//
// What an optimizer's step decides from all gradients before it updates a tensor: whether it is
// skipped, and by which factor the gradients of each group are clipped.
#pragma once

#include "optimizer/stepping.hpp"

namespace gradstep::internal {

/// Throws failure (WRONG_ORDER) if a step tensor by tensor would have to read gradients.
void check_known_ahead(const optimizer& o, const step_settings& settings);

/// Throws failure (UNSUPPORTED) if a given norm leaves unknown the norm that a group is clipped by.
void check_norm_source(const optimizer& o, const step_settings& settings);

/// Sets the verdict of the open step, whose scale is set, and the norm and clip factor of each
/// group. The tensors that take part are selected and, if that is the source, inspected.
void judge(optimizer& o, const step_settings& settings) noexcept;

}  // namespace gradstep::internal
