// SPDX-License-Identifier: Apache-2.0
//
// Everything that can be read from an optimizer.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "support/arrays.hpp"
#include "support/comparison.hpp"
#include "support/dtype_lists.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/stored_array.hpp"

namespace gradstep_test {

inline gradstep_optimizer_info describe(const gradstep_optimizer* optimizer) {
  auto info = sized<gradstep_optimizer_info>();
  expect_ok(gradstep_optimizer_describe(optimizer, &info));
  return info;
}
inline gradstep_group_info describe_group(const gradstep_optimizer* optimizer, std::size_t group) {
  auto info = sized<gradstep_group_info>();
  expect_ok(gradstep_optimizer_describe_group(optimizer, group, &info));
  return info;
}
inline gradstep_tensor_info describe_tensor(const gradstep_optimizer* optimizer,
                                            std::size_t tensor) {
  auto info = sized<gradstep_tensor_info>();
  expect_ok(gradstep_optimizer_describe_tensor(optimizer, tensor, &info));
  return info;
}

inline bool is_removed_group(const gradstep_optimizer* optimizer, std::size_t group) {
  auto info = sized<gradstep_group_info>();
  return gradstep_optimizer_describe_group(optimizer, group, &info) == GRADSTEP_OUT_OF_RANGE;
}
inline bool is_removed_tensor(const gradstep_optimizer* optimizer, std::size_t tensor) {
  auto info = sized<gradstep_tensor_info>();
  return gradstep_optimizer_describe_tensor(optimizer, tensor, &info) == GRADSTEP_OUT_OF_RANGE;
}

inline double hyperparameter_of(const gradstep_optimizer* optimizer, std::size_t group,
                                const std::string& name) {
  double value = 0;
  expect_ok(gradstep_optimizer_get_hyperparameter(optimizer, group, name.c_str(), &value));
  return value;
}

inline counted_array get_array(const gradstep_optimizer* optimizer, std::size_t tensor,
                               const std::string& name) {
  counted_array array;
  expect_ok(gradstep_optimizer_get_array(optimizer, tensor, name.c_str(), &array, &array.count));
  return array;
}

inline std::vector<double> read_array(const gradstep_optimizer* optimizer, std::size_t tensor,
                                      const std::string& name) {
  const auto array = get_array(optimizer, tensor, name);
  std::vector<double> values(array.count);
  expect_ok(gradstep_array_read(&array, array.count, values.data()));
  return values;
}

/// The names of all arrays that a tensor of this rule may have.
inline std::vector<std::string> array_names_of(const std::string& rule_name) {
  auto names = slot_names_of(rule_name);
  names.insert(names.end(), {"param", "average", "accumulated_grad"});
  return names;
}

/// The scalars of a tensor's rule.
inline std::vector<double> read_scalars(const gradstep_optimizer* optimizer, std::size_t tensor,
                                        std::int32_t scope) {
  std::vector<double> values;
  const auto group = describe_tensor(optimizer, tensor).group;
  for (const auto& info : scalars_of(describe_group(optimizer, group).rule_name)) {
    if (info.scope != scope) continue;
    values.emplace_back();
    expect_ok(gradstep_optimizer_get_scalar(optimizer, tensor, info.name, &values.back()));
  }
  return values;
}

/// Expects that an array of the optimizer has the bytes of a stored one.
inline void expect_same_array(const gradstep_optimizer* optimizer, std::size_t tensor,
                              const std::string& name, const stored_array& wanted) {
  const auto array = get_array(optimizer, tensor, name);
  ASSERT_EQ(array.dtype, wanted.dtype()) << name;
  ASSERT_EQ(array.count, wanted.size()) << name;
  EXPECT_EQ(std::memcmp(array.data, wanted.data.data(), wanted.data.bytes()), 0) << name;
  if (!is_blocked(wanted.dtype())) return;
  EXPECT_EQ(std::memcmp(array.extra, wanted.extra->data(), wanted.extra->bytes()), 0) << name;
}

/// All that can be read from an optimizer, to compare before and after a call that fails.
inline std::vector<double> everything_in(const gradstep_optimizer* optimizer) {
  std::vector<double> all;
  const auto add = [&](auto... values) { (all.push_back(static_cast<double>(values)), ...); };
  const auto info = describe(optimizer);
  add(info.group_count, info.tensor_count, info.step_count, info.skipped_count, info.state_bytes,
      info.is_in_step, info.tensor_end, info.group_end);
  for (std::size_t g = 0; g < info.group_end; ++g) {
    if (is_removed_group(optimizer, g)) continue;
    const auto group = describe_group(optimizer, g);
    add(group.tensor_count, group.lr, group.lr_scale, group.schedule_name != nullptr,
        group.max_norm, group.grad_norm);
    if (info.is_in_step != 0) continue;
    for (const auto& h : hyperparameters_of(group.rule_name)) {
      add(hyperparameter_of(optimizer, g, h.name));
    }
  }
  for (std::size_t t = 0; t < info.tensor_end; ++t) {
    if (is_removed_tensor(optimizer, t)) continue;
    const auto tensor = describe_tensor(optimizer, t);
    add(tensor.group, tensor.step_count, tensor.accumulate_count, tensor.average_count,
        tensor.is_frozen, tensor.has_grad);
    if (info.is_in_step == 0) {
      for (const std::int32_t scope : {GRADSTEP_SCOPE_TENSOR, GRADSTEP_SCOPE_ALL}) {
        for (const double value : read_scalars(optimizer, t, scope)) add(value);
      }
    }
    for (const auto& name : array_names_of(describe_group(optimizer, tensor.group).rule_name)) {
      gradstep_array array{};
      const auto status = gradstep_optimizer_get_array(optimizer, t, name.c_str(), &array, nullptr);
      add(status);
      if (status != GRADSTEP_OK) continue;
      const auto values = read_array(optimizer, t, name);
      all.insert(all.end(), values.begin(), values.end());
    }
  }
  return all;
}

}  // namespace gradstep_test
