// SPDX-License-Identifier: Apache-2.0
//
// The parallel regions of an open step. A batch is the tensors that share a group, a step count and
// what else the constants of their step depend on.
#pragma once

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// Updates the group's tensors that take part. Returns the number of pieces that ran. Not for rules
/// that sum over all tensors.
std::uint64_t update_group(optimizer& o, const group_record& group) noexcept;

/// Updates the tensors that take part of all groups with the rule, which sums over all tensors.
pass_outcome update_groups_of(optimizer& o, const rule_entry& rule) noexcept;

/// Updates one tensor. Returns the number of pieces that ran. Changes nothing that a call for
/// another tensor uses.
std::uint64_t update_tensor(optimizer& o, std::size_t tensor) noexcept;

// A skipped step zeroes gradients instead: accumulated sums, and with zeroes_grad all others too.

/// Zeroes gradients of the selected tensors. Returns the number of pieces that ran.
std::uint64_t zero_selected(optimizer& o) noexcept;

/// Zeroes the tensor's gradient. Returns the number of pieces that ran.
std::uint64_t zero_tensor(const optimizer& o, std::size_t tensor) noexcept;

}  // namespace gradstep::internal
