// SPDX-License-Identifier: Apache-2.0
//
// The instruction sets that this build has kernels for, and whether this machine can run them.
#pragma once

#include <span>

#include "kernels/kernel_table.hpp"

namespace gradstep::internal {

struct isa_level {
  const kernel_table* kernels;
  bool (*is_available)();
};

/// From the lowest to the highest; the first is always available.
std::span<const isa_level> isa_levels();

}  // namespace gradstep::internal
