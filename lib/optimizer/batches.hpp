// SPDX-License-Identifier: Apache-2.0
//
// The work of an open step on arrays: batches of tensors that share a group and a step count, and
// so the constants of their step.
#pragma once

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// Updates the group's tensors that take part. Gives the number of pieces that ran.
std::uint64_t update_group(optimizer& o, const group_record& group) noexcept;

/// Updates one tensor. Gives the number of pieces that ran. Changes nothing that a call for another
/// tensor uses.
std::uint64_t update_tensor(const optimizer& o, std::size_t tensor) noexcept;

// What a skipped step does: it zeroes the gradients that it would have zeroed, and accumulated
// sums.

/// Of all selected tensors. Gives the number of pieces that ran.
std::uint64_t zero_selected(optimizer& o) noexcept;

/// Of one tensor. Gives the number of pieces that ran.
std::uint64_t zero_tensor(const optimizer& o, std::size_t tensor) noexcept;

}  // namespace gradstep::internal
