// SPDX-License-Identifier: Apache-2.0
//
// One parameter with float32 or float64 arrays. stored_parameter.hpp has those of other dtypes.
#pragma once

#include <gradstep/gradstep.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/dtype_lists.hpp"
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

  std::vector<void*> slots;
  gradstep_tensor tensor = sized<gradstep_tensor>();
};

/// Param, gradient and slots. Param and gradient are random numbers, slots start as the rule says.
/// Slots that the rule does not use are NULL.
class parameter {
 public:
  /// The first array begins `offset` bytes after the start of a cache line, each other one an
  /// element further on than the one before.
  parameter(const gradstep_rule* rule, std::size_t slot_count, std::size_t count, dtypes types,
            std::size_t offset = 0)
      : param(types.param, count, offset),
        grad(types.grad, count, next_offset(offset, types.grad, 1)) {
    for (std::size_t i = 0; i < slot_count; ++i) {
      add_slot(rule, i, next_offset(offset, types.param, i + 2));
    }
    for (std::size_t i = 0; i < count; ++i) param.set(i, random_value(1, i));
    set_random_gradient(1);
  }

  void set_random_gradient(std::uint64_t step) {
    for (std::size_t i = 0; i < grad.size(); ++i) grad.set(i, random_value(step + 100, i));
  }

  tensor_view view(std::size_t first, std::size_t count) {
    tensor_view result;
    for (auto& slot : slots) result.slots.push_back(slot ? slot->data(first) : nullptr);
    result.tensor.count = count;
    result.tensor.param = param.data(first);
    result.tensor.grad = grad.data(first);
    result.tensor.slots = result.slots.data();
    result.tensor.slot_count = result.slots.size();
    result.tensor.param_dtype = param.dtype();
    result.tensor.grad_dtype = grad.dtype();
    return result;
  }
  tensor_view view() { return view(0, param.size()); }

  /// The bits of the first `count` elements: per element its param, then its used slots.
  std::vector<std::uint64_t> snapshot(std::size_t count) const {
    std::vector<std::uint64_t> bits;
    for (std::size_t i = 0; i < count; ++i) {
      bits.push_back(param.bits(i));
      for (const auto& slot : slots) {
        if (slot) bits.push_back(slot->bits(i));
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

 private:
  static std::size_t next_offset(std::size_t offset, std::int32_t dtype, std::size_t elements) {
    const std::size_t size = element_size(dtype);
    return (offset / size * size + elements * size * (offset != 0)) % 64;
  }

  void add_slot(const gradstep_rule* rule, std::size_t index, std::size_t offset) {
    slots.emplace_back();
    const auto start = initial_slot_value(rule, index);
    if (!start) return;
    slots.back().emplace(param.dtype(), param.size(), offset);
    slots.back()->fill(*start);
  }
};

inline parameter make_parameter(const std::string& rule_name, const gradstep_rule* rule,
                                std::size_t count, dtypes types, std::size_t offset = 0) {
  return parameter(rule, describe_rule(rule_name).slot_count, count, types, offset);
}

}  // namespace gradstep_test
