// SPDX-License-Identifier: Apache-2.0
//
// Moving a tensor to another group, which may have another rule.
#pragma once

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// Moves the tensor. Slots and scalars that both rules have, by name, go along. Other slots of the
/// new rule begin at their initial values. Throws failure: WRONG_ORDER if the tensor is transformed
/// and the rules differ; UNSUPPORTED or INVALID_ARGUMENT if the tensor does not suit the group.
/// use::all.
void move_tensor(optimizer& o, std::size_t tensor, std::size_t group);

}  // namespace gradstep::internal
