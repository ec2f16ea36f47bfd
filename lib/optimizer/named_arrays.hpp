// SPDX-License-Identifier: Apache-2.0
//
// The arrays of a tensor, by the names that callers and checkpoints use.
#pragma once

#include <cstddef>
#include <iterator>

#include "kernels/storage/operand.hpp"
#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// The names that the arrays of a tensor can have: first the slots of its rule, then the arrays
/// that a tensor has under any rule.
struct array_names {
  const rule_info& rule;

  /// Indices behind those of the slots.
  enum every_rules : std::size_t { average, accumulated_grad, param };
  static constexpr const char* of_every_rule[] = {"average", "accumulated_grad", "param"};

  std::size_t size() const { return rule.slot_count + std::size(of_every_rule); }
  const char* at(std::size_t index) const {
    return index < rule.slot_count ? rule.slots[index].name
                                   : of_every_rule[index - rule.slot_count];
  }
  std::size_t index_of(every_rules array) const { return rule.slot_count + array; }
};

struct named_array {
  const char* name;
  operand array;
  std::size_t count;  // of numbers
  bool is_there;      // the tensor has the array at present; its data may be nullptr if count is 0
};

array_names names_of(const optimizer& o, std::size_t tensor) noexcept;

/// index: as names_of(o, tensor) counts.
named_array array_of(const optimizer& o, std::size_t tensor, std::size_t index) noexcept;

}  // namespace gradstep::internal
