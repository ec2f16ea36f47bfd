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

/// One rule. Its functions take the values of the rule's hyper-parameters, in info's order. `self`
/// belongs to the entry; kernels get it in each prepare_request. is_matrix: of a tensor that has
/// rows and columns.
struct rule_entry {
  const rule_info* info;
  const void* self;
  /// Null, or a static sentence that says which values do not go together.
  const char* (*conflict)(const parameter_values& values) noexcept;
  /// The index, in the lists of a kernel_table, of the kernel that steps with these values.
  std::size_t (*kernel_index)(const double* values, bool is_matrix);
  /// Bit s is set when a step with these values reads slot s.
  std::uint32_t (*used_slots)(const double* values, bool is_matrix);
  /// The passes before the last one.
  pass_list (*passes)(const double* values, bool is_matrix);
  bool has_passes;  // before the last one, with some values; the rule then needs a workspace
  /// The kernels of transforms begin at this index.
  std::size_t first_transform;
  /// The indices of the hyper-parameters that the loop around every rule applies; no_index: the
  /// rule has none of that name.
  std::size_t lr, weight_decay, maximize, decoupled_weight_decay, l1_penalty, decay_after_step;

  bool sums_over_all() const noexcept { return !info->shared_hyperparameters.empty(); }
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

/// The value of each element of a slot before the first step, unless it starts as the param.
double initial_value(const rule_values& rule, const slot& slot) noexcept;
/// The value of a scalar before the first step.
double initial_value(const rule_values& rule, const scalar& scalar) noexcept;

/// The number of the rule's scalars that have the scope.
std::size_t scalar_count(const rule_info& rule, scalar_scope scope) noexcept;
/// The place of the index-th scalar among those of its scope.
std::size_t place_in_scope(const rule_info& rule, std::size_t index) noexcept;
/// Sets the scalars of a scope to their values before the first step.
void set_initial_scalars(const rule_values& rule, scalar_scope scope, double* scalars) noexcept;

/// The learning rate; 0 for a rule that has none.
double base_lr(const rule_values& rule) noexcept;
void set_base_lr(rule_values& rule, double lr) noexcept;

}  // namespace gradstep::internal
