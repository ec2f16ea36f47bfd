// SPDX-License-Identifier: Apache-2.0
//
// Removing tensors and groups. Their indices are never used again, and their names stay in memory.
#pragma once

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// Removes a tensor with its state. use::all.
void remove_tensor(optimizer& o, std::size_t tensor) noexcept;

/// Removes a group that has no tensors. use::all.
void remove_group(optimizer& o, std::size_t group) noexcept;

}  // namespace gradstep::internal
