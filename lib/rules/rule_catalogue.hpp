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

/// One rule of the catalogue. Its functions take the values of its hyper-parameters, in info's
/// order.
struct rule_entry {
  const rule_info* info;
  /// Null, or a static sentence that says which values do not go together.
  const char* (*conflict)(const parameter_values& values) noexcept;
  /// The index, in the lists of a kernel_table, of the kernel that steps with these values.
  std::size_t (*kernel_index)(const double* values);
  /// Bit s is set when a step with these values reads and writes slot s.
  std::uint32_t (*used_slots)(const double* values);
  /// The indices of the hyper-parameters that the loop around every rule applies; no_index: the
  /// rule has none of that name.
  std::size_t lr, weight_decay, maximize;
};

std::span<const rule_entry> rule_catalogue() noexcept;

/// Null: there is none of that name.
const rule_entry* find_rule(std::string_view name) noexcept;

/// A rule with a value for each of its hyper-parameters.
struct rule_values {
  const rule_entry* entry;
  double values[max_hyperparameters];
};

/// The rule with every hyper-parameter at its default.
rule_values with_defaults(const rule_entry& rule) noexcept;

/// The value of each element of a slot before the first step.
double initial_value(const rule_values& rule, const slot& slot) noexcept;

/// The learning rate; 0 for a rule that has none.
double base_lr(const rule_values& rule) noexcept;
void set_base_lr(rule_values& rule, double lr) noexcept;

}  // namespace gradstep::internal
