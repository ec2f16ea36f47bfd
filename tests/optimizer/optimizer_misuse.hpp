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
#include "support/parameter.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {

/// An optimizer with two groups and a tensor in each. The library owns the first tensor's state,
/// the caller the second one's.
class optimizer_misuse : public testing::Test {
 protected:
  optimizer_misuse() {
    add_group(get(), "first", adam.get());
    add_group(get(), "second", sgd.get());
    add_tensor(get(), 0, "a.weight", a.tensor());
    auto view = b.view();
    add_tensor(get(), 1, "b.weight", view.tensor);
    step(get());
    before = everything_in(get());
  }

  gradstep_optimizer* get() const { return optimizer.get(); }

  /// The call failed with this status and these words, and changed nothing.
  void refused(gradstep_status got, gradstep_status wanted, const std::vector<std::string>& words) {
    expect_failure(got, wanted, words);
    EXPECT_EQ(everything_in(get()), before);
  }

  gradstep_status add(const char* name, const gradstep_tensor& tensor, std::size_t group = 0) {
    return gradstep_optimizer_add_tensor(get(), group, name, &tensor, nullptr);
  }

  /// The fresh tensor with fields changed by change(tensor).
  template <class Change>
  gradstep_tensor fresh_tensor_with(const Change& change) {
    auto tensor = fresh.tensor();
    change(tensor);
    return tensor;
  }

  context_handle context = make_serial_context();
  rule_handle adam = make_rule("adam");
  rule_handle sgd = make_rule("sgd");
  plain_tensor a{20}, fresh{20};
  parameter b = make_parameter("sgd", sgd.get(), 20, {});
  optimizer_handle optimizer = make_optimizer(context.get());
  std::vector<double> before;
};

}  // namespace gradstep_test
