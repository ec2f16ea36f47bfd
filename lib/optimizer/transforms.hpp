// SPDX-License-Identifier: Apache-2.0
//
// Named transforms of params, which some rules have.
#pragma once

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// Makes the transform of the group's rule for every tensor of the group that is in the transform's
/// first state. Tensors in another state stay as they are. use::all.
void transform_group(optimizer& o, std::size_t group, std::size_t transform) noexcept;

}  // namespace gradstep::internal
