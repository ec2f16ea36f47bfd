// SPDX-License-Identifier: Apache-2.0
//
// Sums of gradients over micro-batches, from which the next step then reads.
#pragma once

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// sum <- sum + scale grad, for a tensor or, with all_tensors, for each one that is not frozen and
/// has a gradient. A tensor's sum is allocated when it is first needed. use::tensor, and use::all
/// with all_tensors.
void accumulate(optimizer& o, std::size_t tensor, double scale);

}  // namespace gradstep::internal
