// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {

/// sgd with lr = 1: a step subtracts the gradient. Each element of tensor i's gradient is 1 + i.
class gradient_swaps : public testing::Test {
 protected:
  static constexpr std::size_t count = 6, elements = 10;

  static std::string name_of(std::size_t tensor) {
    return std::string("t").append(std::to_string(tensor));
  }

  gradient_swaps() {
    add_group(o, "all", rule.get());
    for (std::size_t i = 0; i < count; ++i) {
      grads.emplace_back(elements, static_cast<float>(i + 1));
      params.emplace_back(elements, 0.0F);
    }
    for (std::size_t i = 0; i < count; ++i) {
      auto tensor = sized<gradstep_tensor>();
      tensor.count = elements;
      tensor.param = array_of(params[i].data());
      tensor.grad = array_of(grads[i].data());
      add_tensor(o, 0, name_of(i), tensor);
    }
  }

  void set(std::size_t tensor, float* grad) {
    expect_ok(gradstep_optimizer_set_grad(o, tensor, grad));
  }

  /// Every call that looks at these two gradients is refused, and changes nothing.
  void expect_overlap(std::size_t a, std::size_t b) {
    const std::vector<std::string> words = {name_of(a), name_of(b), "overlap"};
    const auto before = everything_in(o);
    const auto refused = [&](gradstep_status status) {
      expect_failure(status, GRADSTEP_INVALID_ARGUMENT, words);
      EXPECT_EQ(everything_in(o), before);
    };
    refused(gradstep_optimizer_step(o, nullptr, nullptr));
    refused(gradstep_optimizer_begin_step(o, nullptr));
    refused(gradstep_optimizer_inspect(o, GRADSTEP_ALL_TENSORS, 1));
    refused(gradstep_optimizer_accumulate(o, GRADSTEP_ALL_TENSORS, 1));
    for (const std::size_t tensor : {a, b}) {
      refused(gradstep_optimizer_inspect(o, tensor, 1));
      refused(gradstep_optimizer_accumulate(o, tensor, 1));
    }
  }

  context_handle context = make_serial_context();
  rule_handle rule = make_rule("sgd", {{"lr", 1}});
  optimizer_handle optimizer = make_optimizer(context.get());
  gradstep_optimizer* o = optimizer.get();
  std::vector<std::vector<float>> grads, params;
};

}  // namespace gradstep_test
