// SPDX-License-Identifier: Apache-2.0
//
// The rules as run-time values, for code that is not compiled per instruction set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "rules/rule.hpp"

namespace gradstep::internal {

/// One rule of the registry. The functions take its hyper-parameters in info's order.
struct catalogue_entry {
  const rule_info* info;
  /// Null, or a static sentence that says which values do not go together.
  const char* (*conflict)(const double* values);
  /// Which kernel of a kernel_table's lists steps with these values.
  std::size_t (*kernel_index)(const double* values);
  /// Bit s is set when a step with these values reads and writes slot s.
  std::uint32_t (*used_slots)(const double* values);
  /// Where the hyper-parameters that the loop around every rule applies stand; no_index: the rule
  /// has none.
  std::size_t lr, weight_decay, maximize;
};

/// A rule with a value for each of its hyper-parameters.
struct rule_values {
  const catalogue_entry* entry;
  double values[max_hyperparameters];
};

/// What each element of a slot holds before the first step.
double initial_value(const rule_values& rule, const slot& slot);

/// The learning rate; 0 for a rule that has none.
double base_lr(const rule_values& rule);
void set_base_lr(rule_values& rule, double lr);

std::span<const catalogue_entry> rule_catalogue();

/// Null when there is none of that name.
const catalogue_entry* find_rule(std::string_view name);

}  // namespace gradstep::internal
