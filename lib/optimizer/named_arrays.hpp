// SPDX-License-Identifier: Apache-2.0
//
// The arrays of a tensor that callers and checkpoints know by name.
#pragma once

#include <cstddef>
#include <iterator>

#include "kernels/storage/operand.hpp"
#include "rules/rule.hpp"

namespace gradstep::internal {

/// The names that the arrays of a tensor can have: its rule's slots, then what is every rule's.
struct array_names {
  const rule_info& rule;

  /// Behind the slots.
  enum every_rules : std::size_t { average, accumulated_grad, param };
  static constexpr const char* of_every_rule[] = {"average", "accumulated_grad", "param"};

  std::size_t size() const { return rule.slot_count + std::size(of_every_rule); }
  const char* at(std::size_t index) const {
    return index < rule.slot_count ? rule.slots[index].name
                                   : of_every_rule[index - rule.slot_count];
  }
  bool is_param(std::size_t index) const { return index == rule.slot_count + param; }
};

struct named_array {
  const char* name;
  operand array;
  bool is_there;  // the tensor has it at present; where it has no elements, its data may be null
};

}  // namespace gradstep::internal
