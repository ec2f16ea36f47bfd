// SPDX-License-Identifier: Apache-2.0
//
// A small model for the tests of public reports.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {

/// An optimizer with one group, "group", and one tensor, whose state the library owns.
struct one_tensor_model {
  explicit one_tensor_model(const std::string& rule_name, const option_values& values = {},
                            std::uint64_t flags = 0, std::size_t count = 8)
      : rule(make_rule(rule_name, values)), numbers(count) {
    auto options = sized<gradstep_optimizer_options>();
    options.flags = flags;
    options.max_norm = 1;
    optimizer = make_optimizer(context.get(), options);
    group = add_group(optimizer.get(), "group", rule.get());
    tensor = add_tensor(optimizer.get(), group, "tensor", numbers.tensor());
  }
  double hyperparameter(const char* name) const {
    double value = 0;
    expect_ok(gradstep_optimizer_get_hyperparameter(optimizer.get(), group, name, &value));
    return value;
  }

  context_handle context = make_serial_context();
  rule_handle rule;
  plain_tensor numbers;
  optimizer_handle optimizer;
  std::size_t group = 0, tensor = 0;
};

}  // namespace gradstep_test
