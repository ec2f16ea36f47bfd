// SPDX-License-Identifier: Apache-2.0
//
// Sums of gradients over micro-batches. The next step reads the sum instead of the gradient.
#pragma once

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// sum <- sum + scale grad, for one tensor. all_tensors: for each tensor that is not frozen and has
/// a gradient. Allocates a tensor's sum when it is first needed. use::tensor; all_tensors:
/// use::all.
void accumulate(optimizer& o, std::size_t tensor, double scale);

}  // namespace gradstep::internal
