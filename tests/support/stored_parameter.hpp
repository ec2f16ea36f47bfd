// SPDX-License-Identifier: Apache-2.0
//
// One parameter whose arrays are stored in any of the dtypes.
#pragma once

#include <gradstep/gradstep.h>

#include <bit>
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
#include "support/storages.hpp"
#include "support/stored_array.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {

/// A gradstep_tensor and the pointers in it. It stays valid when it is moved.
struct stored_view {
  stored_view() = default;
  stored_view(stored_view&&) = default;
  stored_view& operator=(stored_view&&) = default;

  std::vector<gradstep_array> slots;
  gradstep_tensor tensor = sized<gradstep_tensor>();
};

/// Param, gradient, slots, scalars, and perhaps a copy, an average and a delta. Param and gradient
/// are random numbers, slots and scalars start as the rule says. Slots that the rule does not use
/// are absent.
class stored_parameter {
 public:
  /// The first array begins `offset` bytes after the start of a cache line, each other one 8 bytes
  /// further on than the one before.
  stored_parameter(const gradstep_rule* rule, const std::string& rule_name, const storage& how,
                   std::size_t count, std::uint64_t data_seed = 1, std::size_t offset = 0,
                   matrix_shape shape = {})
      : param(how.param, count, offset, how.is_split),
        grad(how.grad, count, next(offset, 1)),
        scalars(initial_scalars(rule_name, rule, GRADSTEP_SCOPE_TENSOR)),
        shared_scalars(initial_scalars(rule_name, rule, GRADSTEP_SCOPE_ALL)),
        shape(shape),
        data_seed_(data_seed) {
    std::vector<double> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = varied_value(data_seed_, i);
    param.narrow(values);
    for (std::size_t s = 0; s < describe_rule(rule_name).slot_count; ++s) {
      add_slot(rule, rule_name, how, s, next(offset, 2 + s));
    }
    if (how.copy != 0) copy.emplace(how.copy, count, next(offset, 10));
    if (how.has_average) average.emplace(arithmetic_dtype(), count, next(offset, 11));
    if (how.delta != 0) delta.emplace(how.delta, count, next(offset, 12));
    set_gradient(1);
  }

  /// The dtype that a step computes in.
  std::int32_t arithmetic_dtype() const {
    return param.dtype() == GRADSTEP_FLOAT64 ? GRADSTEP_FLOAT64 : GRADSTEP_FLOAT32;
  }
  std::size_t size() const { return param.size(); }

  void set_gradient(std::uint64_t step) {
    std::vector<double> values(size());
    for (std::size_t i = 0; i < size(); ++i) values[i] = varied_value(data_seed_ + 100 * step, i);
    grad.narrow(values);
  }

  /// A piece has no shape, and all pieces have the same scalars.
  stored_view view(std::size_t first, std::size_t count) {
    stored_view v;
    for (auto& slot : slots) v.slots.push_back(slot ? slot->view(first) : gradstep_array{});
    gradstep_tensor& t = v.tensor;
    t.count = count;
    if (count == size()) {
      t.rows = shape.rows;
      t.columns = shape.columns;
    }
    t.scalars = scalars.empty() ? nullptr : scalars.data();
    t.scalar_count = scalars.size();
    t.param = param.view(first);
    t.grad = grad.view(first);
    t.slots = v.slots.data();
    t.slot_count = v.slots.size();
    if (copy) t.copy = copy->view(first);
    if (average) t.average = average->view(first);
    if (delta) t.delta = delta->view(first);
    return v;
  }
  stored_view view() { return view(0, size()); }

  /// Calls body(name, array) for each array that the parameter has.
  template <class Body>
  void for_each_array(const Body& body) {
    body("param", param);
    body("grad", grad);
    for (std::size_t s = 0; s < slots.size(); ++s) {
      if (slots[s]) body("slot " + std::to_string(s), *slots[s]);
    }
    if (copy) body("copy", *copy);
    if (average) body("average", *average);
    if (delta) body("delta", *delta);
  }

  /// The bits of all elements of all arrays, and of all scalars.
  std::vector<std::uint64_t> snapshot() {
    std::vector<std::uint64_t> bits;
    for_each_array([&](const std::string&, const stored_array& array) {
      for (std::size_t i = 0; i < array.size(); ++i) bits.push_back(array.bits(i));
    });
    for (const auto* list : {&scalars, &shared_scalars}) {
      for (const double value : *list) bits.push_back(bits_of(value));
    }
    return bits;
  }

  /// The bytes of all arrays, with scales and lower halves, and of all scalars.
  std::vector<std::byte> bytes() {
    std::vector<std::byte> all;
    const auto add = [&all](const number_array& numbers) {
      const auto* begin = static_cast<const std::byte*>(numbers.data());
      all.insert(all.end(), begin, begin + numbers.bytes());
    };
    for_each_array([&](const std::string&, const stored_array& array) {
      add(array.data);
      if (array.extra) add(*array.extra);
    });
    for (const auto* list : {&scalars, &shared_scalars}) {
      const auto* begin = reinterpret_cast<const std::byte*>(list->data());
      all.insert(all.end(), begin, begin + list->size() * sizeof(double));
    }
    return all;
  }

  stored_array param;
  stored_array grad;
  std::vector<std::optional<stored_array>> slots;
  std::optional<stored_array> copy;
  std::optional<stored_array> average;
  std::optional<stored_array> delta;
  std::vector<double> scalars;
  /// In a list the first parameter's count for all.
  std::vector<double> shared_scalars;
  matrix_shape shape;

 private:
  static std::size_t next(std::size_t offset, std::size_t n) {
    return offset == 0 ? 0 : (offset + 8 * n) / 8 * 8 % 64;
  }

  void add_slot(const gradstep_rule* rule, const std::string& rule_name, const storage& how,
                std::size_t index, std::size_t offset) {
    slots.emplace_back();
    auto tensor = sized<gradstep_tensor>();
    tensor.count = size();
    tensor.rows = shape.rows;
    tensor.columns = shape.columns;
    tensor.param.dtype = param.dtype();
    const auto about = slot_layout(rule, index, tensor, how.is_laid_out ? how.slot : 0);
    if (about.is_used == 0) return;
    // The layout would choose float32 for some 8-bit slots; a caller need not.
    std::int32_t dtype = how.slot;
    const bool is_non_negative = describe_slot(rule_name, index).is_non_negative != 0;
    if (dtype == GRADSTEP_E5M3_B256 && !is_non_negative) dtype = GRADSTEP_S1E4M3_B256;
    // 8 bits are no way to store the param that such a slot starts as.
    if (about.start == GRADSTEP_START_PARAM && is_blocked(dtype)) dtype = GRADSTEP_FLOAT32;
    if (how.is_laid_out || about.extent != GRADSTEP_EXTENT_ELEMENT) dtype = about.dtype;
    slots.back().emplace(dtype, about.count, offset);
    if (about.start == GRADSTEP_START_PARAM) {
      std::vector<double> values(size());
      for (std::size_t i = 0; i < size(); ++i) values[i] = param.widen(i);
      slots.back()->narrow(values);
    } else if (about.initial_value != 0) {
      // gradstep.h: a slot that starts at 0 is a zeroed array; its scales, if any, are 0 too.
      slots.back()->narrow(std::vector<double>(about.count, about.initial_value));
    }
  }

  std::uint64_t data_seed_;
};

/// A list with one parameter per count, each with its own numbers.
inline std::vector<stored_parameter> make_stored_list(const gradstep_rule* rule,
                                                      const std::string& rule_name,
                                                      const storage& how,
                                                      const std::vector<std::size_t>& counts) {
  std::vector<stored_parameter> list;
  for (const std::size_t count : counts) {
    list.emplace_back(rule, rule_name, how, count, list.size() + 1);
  }
  return list;
}

inline std::vector<stored_view> views_of(std::vector<stored_parameter>& parameters) {
  std::vector<stored_view> views;
  views.reserve(parameters.size());
  for (auto& each : parameters) views.push_back(each.view());
  return views;
}

}  // namespace gradstep_test
