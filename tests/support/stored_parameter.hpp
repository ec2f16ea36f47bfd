// SPDX-License-Identifier: Apache-2.0
//
// One parameter whose arrays are stored in any of the dtypes.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "support/dtype_lists.hpp"
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

  std::vector<void*> slots;
  std::vector<std::int32_t> slot_dtypes;
  std::vector<float*> slot_scales;
  gradstep_tensor tensor = sized<gradstep_tensor>();
};

class stored_parameter {
 public:
  /// The first array begins `offset` bytes after the start of a cache line, each other one 8 bytes
  /// further on than the one before.
  stored_parameter(const gradstep_rule* rule, const std::string& rule_name, const storage& how,
                   std::size_t count, std::uint64_t data_seed = 1, std::size_t offset = 0)
      : param(how.param, count, offset, how.is_split),
        grad(how.grad, count, next(offset, 1)),
        data_seed_(data_seed) {
    for (std::size_t s = 0; s < describe_rule(rule_name).slot_count; ++s) {
      add_slot(rule, rule_name, how.slot, s, next(offset, 2 + s));
    }
    if (how.copy != 0) copy.emplace(how.copy, count, next(offset, 10));
    if (how.has_average) average.emplace(arithmetic_dtype(), count, next(offset, 11));
    std::vector<double> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = varied_value(data_seed_, i);
    param.narrow(values);
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

  stored_view view(std::size_t first, std::size_t count) {
    stored_view v;
    for (auto& slot : slots) {
      v.slots.push_back(slot ? slot->data.data(first) : nullptr);
      v.slot_dtypes.push_back(slot ? slot->dtype() : 0);
      const bool has_scales = slot && is_blocked(slot->dtype());
      v.slot_scales.push_back(has_scales ? static_cast<float*>(slot->extra_data(first)) : nullptr);
    }
    gradstep_tensor& t = v.tensor;
    t.count = count;
    t.param = param.data.data(first);
    t.param_low = static_cast<std::uint16_t*>(param.extra_data(first));
    t.grad = grad.data.data(first);
    t.slots = v.slots.data();
    t.slot_count = v.slots.size();
    t.slot_dtypes = v.slot_dtypes.data();
    t.slot_scales = v.slot_scales.data();
    t.param_dtype = param.dtype();
    t.grad_dtype = grad.dtype();
    if (copy) {
      t.param_copy = copy->data.data(first);
      t.copy_dtype = copy->dtype();
    }
    if (average) t.average = average->data.data(first);
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
  }

  /// The bits of all elements of all arrays.
  std::vector<std::uint64_t> snapshot() {
    std::vector<std::uint64_t> bits;
    for_each_array([&](const std::string&, const stored_array& array) {
      for (std::size_t i = 0; i < array.size(); ++i) bits.push_back(array.bits(i));
    });
    return bits;
  }

  /// The bytes of all arrays, with scales and lower halves.
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
    return all;
  }

  stored_array param;
  stored_array grad;
  std::vector<std::optional<stored_array>> slots;
  std::optional<stored_array> copy;
  std::optional<stored_array> average;

 private:
  static std::size_t next(std::size_t offset, std::size_t n) {
    return offset == 0 ? 0 : (offset + 8 * n) / 8 * 8 % 64;
  }

  void add_slot(const gradstep_rule* rule, const std::string& rule_name, std::int32_t dtype,
                std::size_t index, std::size_t offset) {
    slots.emplace_back();
    const auto start = initial_slot_value(rule, index);
    if (!start) return;
    const bool is_non_negative = describe_slot(rule_name, index).is_non_negative != 0;
    if (dtype == GRADSTEP_UNSIGNED8 && !is_non_negative) dtype = GRADSTEP_SIGNED8;
    slots.back().emplace(dtype, size(), offset);
    // gradstep.h: a slot that starts at 0 is a zeroed array; its scales, if any, are 0 too.
    if (*start != 0) slots.back()->narrow(std::vector<double>(size(), *start));
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
