// SPDX-License-Identifier: Apache-2.0
//
// Optimizers for tests: handles, groups, tensors, steps.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/number_array.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {

// ---- Handles, groups and tensors --------------------------------------------------------------

struct optimizer_deleter {
  void operator()(gradstep_optimizer* optimizer) const { gradstep_optimizer_destroy(optimizer); }
};
using optimizer_handle = std::unique_ptr<gradstep_optimizer, optimizer_deleter>;

inline optimizer_handle make_optimizer(
    const gradstep_context* context,
    const gradstep_optimizer_options& options = sized<gradstep_optimizer_options>()) {
  gradstep_optimizer* optimizer = nullptr;
  expect_ok(gradstep_optimizer_create(context, &options, &optimizer));
  return optimizer_handle(optimizer);
}

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

/// The tensor without slots and scalars: the library will allocate its state.
inline gradstep_tensor without_slots(gradstep_tensor tensor) {
  tensor.slots = nullptr;
  tensor.slot_count = 0;
  tensor.scalars = nullptr;
  tensor.scalar_count = 0;
  return tensor;
}

/// "t0", "t1" ...
inline std::string numbered_name(std::size_t index) {
  return std::string("t").append(std::to_string(index));
}

/// A param and a gradient of float32 or float64, for ordinary tensors.
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
    t.param = param.view();
    t.grad = grad.view();
    return t;
  }
  std::vector<std::uint64_t> bits() const {
    std::vector<std::uint64_t> all;
    for (std::size_t i = 0; i < param.size(); ++i) all.push_back(param.bits(i));
    return all;
  }

  number_array param, grad;
};

// ---- Steps ------------------------------------------------------------------------------------

/// One step that must succeed.
inline gradstep_apply_result step(
    gradstep_optimizer* optimizer,
    const gradstep_step_options& options = sized<gradstep_step_options>()) {
  auto result = sized<gradstep_apply_result>();
  expect_ok(gradstep_optimizer_step(optimizer, &options, &result));
  return result;
}

/// Options of a step that takes its norm from gradients that were inspected before.
inline gradstep_step_options inspected_step() {
  auto options = sized<gradstep_step_options>();
  options.flags = GRADSTEP_STEP_INSPECTED;
  return options;
}

/// Options of a step that is given the norm and the count of non-finite elements.
inline gradstep_step_options step_with_norm(double grad_norm, std::uint64_t non_finite_count = 0) {
  auto options = sized<gradstep_step_options>();
  options.flags = GRADSTEP_STEP_GRAD_NORM;
  options.grad_norm = grad_norm;
  options.non_finite_count = non_finite_count;
  return options;
}

inline gradstep_loss_scaler make_loss_scaler() {
  auto scaler = sized<gradstep_loss_scaler>();
  expect_ok(gradstep_loss_scaler_init(&scaler));
  return scaler;
}

inline gradstep_plateau make_plateau(double lr) {
  auto plateau = sized<gradstep_plateau>();
  expect_ok(gradstep_plateau_init(&plateau, lr));
  return plateau;
}

}  // namespace gradstep_test
