// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {

/// A host's pool that first calls `within`, unless it is empty, and then runs all tasks on the
/// calling thread. So a test can act in the middle of a step.
struct interrupting_pool {
  std::function<void()> within;
};

inline void call_then_run(void* pool, std::size_t count, gradstep_task task, void* argument) {
  auto& self = *static_cast<interrupting_pool*>(pool);
  if (self.within) self.within();
  for (std::size_t i = 0; i < count; ++i) task(argument, i);
}

inline constexpr std::size_t tensor_count = 8, elements = 200;

/// An optimizer that steps by an interrupting_pool. sgd with lr = 1, and every gradient is 1: a
/// step subtracts 1 from every element.
class interrupted_optimizer : public testing::Test {
 protected:
  interrupted_optimizer() {
    auto split = split_options(4);
    split.parallel_for = call_then_run;
    split.pool = &pool;
    context = make_context(split);
    optimizer = make_optimizer(context.get());
    o = optimizer.get();
    add_group(o, "all", rule.get());
    add_tensors(o, params);
  }

  void add_tensors(gradstep_optimizer* to, std::vector<std::vector<float>>& arrays) {
    arrays.assign(tensor_count, std::vector<float>(elements, 0.0F));
    for (std::size_t i = 0; i < tensor_count; ++i) {
      auto tensor = sized<gradstep_tensor>();
      tensor.count = elements;
      tensor.param = array_of(arrays[i].data());
      if (to == o) grads.emplace_back(elements, 1.0F);
      tensor.grad = array_of(to == o ? grads[i].data() : static_cast<float*>(nullptr));
      add_tensor(to, 0, std::string("t").append(std::to_string(i)), tensor);
    }
  }

  /// The statuses of all calls that only read.
  std::vector<gradstep_status> read_everything() const {
    auto info = sized<gradstep_optimizer_info>();
    auto group = sized<gradstep_group_info>();
    auto tensor = sized<gradstep_tensor_info>();
    gradstep_array array{};
    auto plateau = sized<gradstep_plateau>();
    auto scaler = sized<gradstep_loss_scaler>();
    double value = 0;
    std::size_t index = 0;
    return {gradstep_optimizer_describe(o, &info),
            gradstep_optimizer_describe_group(o, 0, &group),
            gradstep_optimizer_describe_tensor(o, 1, &tensor),
            gradstep_optimizer_get_array(o, 1, "param", &array, &index),
            gradstep_optimizer_find_group(o, "all", &index),
            gradstep_optimizer_find_tensor(o, "t1", &index),
            gradstep_optimizer_get_hyperparameter(o, 0, "lr", &value),
            gradstep_optimizer_get_plateau(o, 0, &plateau),
            gradstep_optimizer_get_loss_scaler(o, &scaler)};
  }

  void expect_params(float value) const {
    for (const auto& param : params) EXPECT_EQ(param, std::vector<float>(elements, value));
  }

  interrupting_pool pool;
  context_handle context;
  rule_handle rule = make_rule("sgd", {{"lr", 1}});
  optimizer_handle optimizer;
  gradstep_optimizer* o = nullptr;
  std::vector<std::vector<float>> params, grads;
};

}  // namespace gradstep_test
