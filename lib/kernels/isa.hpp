// SPDX-License-Identifier: Apache-2.0
//
// The instruction sets that this build has kernels for, and whether this machine can run them.
#pragma once

#include <span>
#include <string_view>

#include "kernels/kernel_table.hpp"

namespace gradstep::internal {

struct isa_level {
  const kernel_table* kernels;
  bool (*is_available)();
};

/// From the lowest to the highest; the first is always available.
std::span<const isa_level> isa_levels();

/// Null when there is none of that name.
const isa_level* find_isa(std::string_view name);

/// The highest that is available.
const isa_level& best_isa();

}  // namespace gradstep::internal
