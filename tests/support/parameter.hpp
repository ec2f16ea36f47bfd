// SPDX-License-Identifier: Apache-2.0
//
// One parameter with float32 or float64 arrays. stored_parameter.hpp has those of other dtypes.
#pragma once

#include <gradstep/gradstep.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/dtype_lists.hpp"
#include "support/matrix_shape.hpp"
#include "support/number_array.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {

/// A gradstep_tensor and the pointers in it. It stays valid when it is moved.
struct tensor_view {
  tensor_view() = default;
  tensor_view(tensor_view&&) = default;
  tensor_view& operator=(tensor_view&&) = default;

  std::vector<gradstep_array> slots;
  gradstep_tensor tensor = sized<gradstep_tensor>();
};

/// Param, gradient, slots and scalars. Param and gradient are random numbers, slots and scalars
/// start as the rule says. Slots that the rule does not use are absent.
class parameter {
 public:
  /// The first array begins `offset` bytes after the start of a cache line, each other one an
  /// element further on than the one before.
  parameter(const std::string& rule_name, const gradstep_rule* rule, std::size_t count,
            dtypes types, std::size_t offset = 0, matrix_shape shape = {})
      : param(types.param, count, offset),
        grad(types.grad, count, next_offset(offset, types.grad, 1)),
        scalars(initial_scalars(rule_name, rule, GRADSTEP_SCOPE_TENSOR)),
        shared_scalars(initial_scalars(rule_name, rule, GRADSTEP_SCOPE_ALL)),
        shape(shape) {
    for (std::size_t i = 0; i < describe_rule(rule_name).slot_count; ++i) {
      add_slot(rule, i, next_offset(offset, types.param, i + 2));
    }
    for (std::size_t i = 0; i < count; ++i) param.set(i, random_value(1, i));
    set_random_gradient(1);
    start_slots_as_param(rule);
  }

  /// Gives slots that start as the param the param's present elements.
  void start_slots_as_param(const gradstep_rule* rule) {
    for (std::size_t i = 0; i < slots.size(); ++i) {
      if (!slots[i] || layout(rule, i).start != GRADSTEP_START_PARAM) continue;
      for (std::size_t k = 0; k < param.size(); ++k) slots[i]->set(k, param.get(k));
    }
  }

  void set_random_gradient(std::uint64_t step) {
    for (std::size_t i = 0; i < grad.size(); ++i) grad.set(i, random_value(step + 100, i));
  }

  tensor_view view(std::size_t first, std::size_t count) {
    tensor_view result;
    for (auto& slot : slots) result.slots.push_back(slot ? slot->view(first) : gradstep_array{});
    result.tensor.count = count;
    result.tensor.rows = shape.rows;
    result.tensor.columns = shape.columns;
    result.tensor.scalars = scalars.empty() ? nullptr : scalars.data();
    result.tensor.scalar_count = scalars.size();
    result.tensor.param = param.view(first);
    result.tensor.grad = grad.view(first);
    result.tensor.slots = result.slots.data();
    result.tensor.slot_count = result.slots.size();
    return result;
  }
  tensor_view view() { return view(0, param.size()); }

  /// The bits of the first `count` elements: per element its param, then its used slots. Then the
  /// scalars. Of the slots that are not per element, the first numbers.
  std::vector<std::uint64_t> snapshot(std::size_t count) const {
    std::vector<std::uint64_t> bits;
    for (std::size_t i = 0; i < count; ++i) {
      bits.push_back(param.bits(i));
      for (const auto& slot : slots) {
        if (slot && i < slot->size()) bits.push_back(slot->bits(i));
      }
    }
    for (const auto* list : {&scalars, &shared_scalars}) {
      for (const double value : *list) {
        const bool is_nan = std::isnan(value);
        bits.push_back(is_nan ? number_array::nan_bits : std::bit_cast<std::uint64_t>(value));
      }
    }
    return bits;
  }
  std::vector<std::uint64_t> snapshot() const { return snapshot(param.size()); }

  bool has_nan() const {
    const auto bits = snapshot();
    return std::find(bits.begin(), bits.end(), number_array::nan_bits) != bits.end();
  }

  number_array param;
  number_array grad;
  std::vector<std::optional<number_array>> slots;
  std::vector<double> scalars;
  std::vector<double> shared_scalars;  // for a list that has this parameter alone
  matrix_shape shape;

 private:
  gradstep_slot_layout layout(const gradstep_rule* rule, std::size_t index) const {
    auto tensor = sized<gradstep_tensor>();
    tensor.count = param.size();
    tensor.rows = shape.rows;
    tensor.columns = shape.columns;
    tensor.param.dtype = param.dtype();
    return slot_layout(rule, index, tensor);
  }

  static std::size_t next_offset(std::size_t offset, std::int32_t dtype, std::size_t elements) {
    const std::size_t size = element_size(dtype);
    return (offset / size * size + elements * size * (offset != 0)) % 64;
  }

  void add_slot(const gradstep_rule* rule, std::size_t index, std::size_t offset) {
    slots.emplace_back();
    const auto about = layout(rule, index);
    if (about.is_used == 0) return;
    slots.back().emplace(param.dtype(), about.count, offset);
    slots.back()->fill(about.initial_value);
  }
};

inline parameter make_parameter(const std::string& rule_name, const gradstep_rule* rule,
                                std::size_t count, dtypes types, std::size_t offset = 0,
                                matrix_shape shape = {}) {
  return parameter(rule_name, rule, count, types, offset, shape);
}

}  // namespace gradstep_test
