// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the optimizer share.
#pragma once

#include "support/misuse.hpp"
#include "support/mixed_support.hpp"
#include "support/schedule_support.hpp"

namespace gradstep_test {

// ---- Handles ----------------------------------------------------------------------------------

struct optimizer_deleter {
  void operator()(gradstep_optimizer* optimizer) const { gradstep_optimizer_destroy(optimizer); }
};
using optimizer_handle = std::unique_ptr<gradstep_optimizer, optimizer_deleter>;

inline void expect_ok(gradstep_status status) {
  EXPECT_EQ(status, GRADSTEP_OK) << gradstep_last_error();
}

inline optimizer_handle make_optimizer(
    const gradstep_context* context,
    const gradstep_optimizer_options& options = sized<gradstep_optimizer_options>()) {
  gradstep_optimizer* optimizer = nullptr;
  expect_ok(gradstep_optimizer_create(context, &options, &optimizer));
  return optimizer_handle(optimizer);
}

// ---- Groups and tensors -----------------------------------------------------------------------

inline gradstep_group_options group_options(const char* name, const gradstep_rule* rule) {
  auto options = sized<gradstep_group_options>();
  options.name = name;
  options.rule = rule;
  return options;
}

inline std::size_t add_group(gradstep_optimizer* optimizer, const gradstep_group_options& options) {
  std::size_t group = 0;
  expect_ok(gradstep_optimizer_add_group(optimizer, &options, &group));
  return group;
}
inline std::size_t add_group(gradstep_optimizer* optimizer, const char* name,
                             const gradstep_rule* rule) {
  return add_group(optimizer, group_options(name, rule));
}

inline std::size_t add_tensor(gradstep_optimizer* optimizer, std::size_t group,
                              const std::string& name, const gradstep_tensor& tensor) {
  std::size_t index = 0;
  expect_ok(gradstep_optimizer_add_tensor(optimizer, group, name.c_str(), &tensor, &index));
  return index;
}

/// A tensor whose state the library is to own.
inline gradstep_tensor without_slots(gradstep_tensor tensor) {
  tensor.slots = nullptr;
  tensor.slot_dtypes = nullptr;
  tensor.slot_scales = nullptr;
  tensor.slot_count = 0;
  return tensor;
}

/// Numbers of one array, float32 or float64, for tensors without anything special.
struct plain_tensor {
  explicit plain_tensor(std::size_t count, std::int32_t dtype = GRADSTEP_FLOAT32,
                        std::uint64_t seed = 1)
      : param(dtype, count), grad(dtype, count) {
    for (std::size_t i = 0; i < count; ++i) param.set(i, random_value(seed, i));
    set_gradient(seed);
  }
  void set_gradient(std::uint64_t seed) {
    for (std::size_t i = 0; i < grad.size(); ++i) grad.set(i, random_value(seed + 1000, i));
  }
  gradstep_tensor tensor() {
    auto t = sized<gradstep_tensor>();
    t.count = param.size();
    t.param = param.data();
    t.grad = grad.data();
    t.param_dtype = param.dtype();
    t.grad_dtype = grad.dtype();
    return t;
  }
  std::vector<std::uint64_t> bits() const {
    std::vector<std::uint64_t> all;
    for (std::size_t i = 0; i < param.size(); ++i) all.push_back(param.bits(i));
    return all;
  }

  number_array param, grad;
};

// ---- Steps and what is found ------------------------------------------------------------------

inline gradstep_apply_result step(
    gradstep_optimizer* optimizer,
    const gradstep_step_options& options = sized<gradstep_step_options>()) {
  auto result = sized<gradstep_apply_result>();
  expect_ok(gradstep_optimizer_step(optimizer, &options, &result));
  return result;
}

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

inline std::vector<double> read_array(const gradstep_optimizer* optimizer, std::size_t tensor,
                                      const std::string& name) {
  auto array = sized<gradstep_array>();
  expect_ok(gradstep_optimizer_get_array(optimizer, tensor, name.c_str(), &array));
  std::vector<double> values(array.count);
  expect_ok(gradstep_array_read(&array, values.data()));
  return values;
}

/// Every byte of an optimizer's array is that of a stored one.
inline void expect_same_array(const gradstep_optimizer* optimizer, std::size_t tensor,
                              const std::string& name, const stored_array& wanted) {
  auto array = sized<gradstep_array>();
  expect_ok(gradstep_optimizer_get_array(optimizer, tensor, name.c_str(), &array));
  ASSERT_EQ(array.dtype, wanted.dtype()) << name;
  ASSERT_EQ(array.count, wanted.size()) << name;
  EXPECT_EQ(std::memcmp(array.data, wanted.data.data(), wanted.data.bytes()), 0) << name;
  if (!is_blocked(wanted.dtype())) return;
  EXPECT_EQ(std::memcmp(array.extra, wanted.extra->data(), wanted.extra->bytes()), 0) << name;
}

/// Whatever can be read from an optimizer, to see that a call that failed changed nothing.
inline std::vector<double> everything_in(const gradstep_optimizer* optimizer) {
  std::vector<double> all;
  const auto add = [&](auto... values) { (all.push_back(static_cast<double>(values)), ...); };
  const auto info = describe(optimizer);
  add(info.group_count, info.tensor_count, info.step_count, info.skipped_count, info.state_bytes,
      info.is_in_step);
  for (std::size_t g = 0; g < info.group_count; ++g) {
    const auto group = describe_group(optimizer, g);
    add(group.tensor_count, group.lr, group.lr_scale, group.schedule_name != nullptr);
    if (info.is_in_step != 0) continue;
    for (const auto& h : hyperparameters_of(group.rule_name)) {
      double value = 0;
      expect_ok(gradstep_optimizer_get_hyperparameter(optimizer, g, h.name, &value));
      add(value);
    }
  }
  for (std::size_t t = 0; t < info.tensor_count; ++t) {
    const auto tensor = describe_tensor(optimizer, t);
    add(tensor.step_count, tensor.accumulate_count, tensor.is_frozen, tensor.has_grad);
    auto names = slot_names_of(describe_group(optimizer, tensor.group).rule_name);
    names.insert(names.end(), {"param", "average", "accumulated_grad"});
    for (const auto& name : names) {
      auto array = sized<gradstep_array>();
      const auto status = gradstep_optimizer_get_array(optimizer, t, name.c_str(), &array);
      add(status);
      if (status != GRADSTEP_OK) continue;
      const auto values = read_array(optimizer, t, name);
      all.insert(all.end(), values.begin(), values.end());
    }
  }
  return all;
}

}  // namespace gradstep_test
