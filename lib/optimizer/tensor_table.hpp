// SPDX-License-Identifier: Apache-2.0
//
// The tensors of an optimizer: the arrays that steps read, and a record of everything else.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/text.hpp"
#include "optimizer/array_registry.hpp"
#include "optimizer/state_memory.hpp"
#include "step/gradient_norm.hpp"
#include "step/tensor.hpp"

namespace gradstep::internal {

/// Makes room, so that the next push_back cannot fail. By a quarter at a time: doubled lists would
/// take more than 1 KB per tensor.
template <class Vector>
void reserve_one_more(Vector& list) {
  if (list.size() < list.capacity()) return;
  list.reserve(list.size() + std::max<std::size_t>(8, list.size() / 4));
}

/// Indices by name. The names are owned elsewhere and stay in place.
using name_index = std::unordered_map<std::string_view, std::uint32_t>;

std::unique_ptr<char[]> copy_name(std::string_view name);

/// nullptr: there is no such name.
const std::uint32_t* find_name(const name_index& names, std::string_view name);

/// The result of a reading pass over a gradient.
struct inspection {
  norm_sum sum;
  double scale;  // of the gradient, when its elements were checked
};

/// Everything about a tensor but the arrays that steps read. Of a removed tensor only the name is
/// left, because callers may still have the pointer.
struct tensor_record {
  std::unique_ptr<char[]> name = {};
  bool is_removed = false;
  std::uint32_t group = 0;
  bool is_frozen = false;

  // Slots.
  bool owns_slots = false;                       // the slots are the library's
  std::uint32_t used_slots = 0;                  // bit s: a step of this tensor has used slot s
  std::vector<state_block> slot_memory = {};     // of slots that are the library's
  std::unique_ptr<double[]> scalar_memory = {};  // of scalars that are the library's
  state_block workspace = {};                    // for rules of several passes

  // The gradient. Steps read tensor::grad, which is the accumulated sum if there is one, else the
  // caller's array.
  operand grad = {};                         // the caller's array; it keeps its type while absent
  std::uint64_t accumulate_count = 0;        // gradients in the sum, since the tensor's last step
  state_block sum_memory = {};               // all zeros while accumulate_count is 0
  std::optional<inspection> inspected = {};  // of the gradient as it is now

  // Steps.
  std::uint64_t step_count = 0;     // steps that the tensor took part in
  std::uint64_t average_count = 0;  // params in tensor::average; 0 if there is none
  bool is_stepped = false;          // in the step that is open

  bool has_sum() const noexcept { return accumulate_count != 0; }
  quoted_text quoted_name() const noexcept { return quoted(name.get()); }
};

/// The lists of tensors and records are in the order of adding, and keep the places of removed
/// tensors.
struct tensor_table {
  std::vector<tensor> tensors = {};         // steps read them here
  std::vector<tensor_record> records = {};  // of the same tensors
  /// The tensors that are not removed, in ascending order: a step must not take the longer the more
  /// tensors there have been.
  std::vector<std::uint32_t> present = {};
  name_index names = {};
  array_registry caller_arrays = {};
  std::size_t state_bytes = 0;  // of slots and sums that the library owns

  std::size_t size() const noexcept { return records.size(); }

  /// A tensor's accumulated gradient. Its dtype is that of the arithmetic; data == nullptr: it has
  /// no memory yet.
  operand sum(std::size_t index) const noexcept;
  /// The numbers in a slot.
  std::size_t slot_count(const rule_info& rule, std::size_t index,
                         std::size_t slot) const noexcept {
    return slot_elements(rule.slots[slot].extent, shape_of(tensors[index]));
  }
  /// The bytes of that sum.
  std::size_t sum_bytes(std::size_t index) const noexcept;
};

}  // namespace gradstep::internal
