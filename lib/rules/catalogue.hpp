// SPDX-License-Identifier: Apache-2.0
//
// The rules as run-time values, for code that is not compiled per instruction set.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "rule.hpp"

namespace gradstep::internal {

/// One rule of the registry. The functions take its hyper-parameters in info's order.
struct catalogue_entry {
  const rule_info* info;
  /// Null, or a static sentence that says which values do not go together.
  const char* (*conflict)(const double* values);
  /// Which kernel of a kernel_table's lists steps with these values.
  std::size_t (*kernel_index)(const double* values);
  bool (*uses_slot)(const double* values, std::size_t slot);
};

std::span<const catalogue_entry> rule_catalogue();

/// Null when there is none of that name.
const catalogue_entry* find_rule(std::string_view name);

}  // namespace gradstep::internal
