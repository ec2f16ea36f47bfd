// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/arrays.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {

/// The status of a valid call with gaps between rows.
inline constexpr gradstep_status status_of_gaps = GRADSTEP_OK;

/// A tensor of 6 rows and 4 columns whose arrays are columns of one table with 32 columns: of rows
/// of 128 bytes. sgd without momentum uses no slot.
class tensor_shapes : public testing::Test {
 protected:
  static constexpr auto invalid = GRADSTEP_INVALID_ARGUMENT;
  static constexpr std::uint64_t rows = 6, columns = 4, width = 32;

  tensor_shapes() : table(rows * width) {
    tensor.count = rows * columns;
    tensor.rows = rows;
    tensor.columns = columns;
    tensor.slot_count = 1;
    tensor.param = columns_from(0);
    tensor.grad = columns_from(4);
  }

  /// The table's columns from this one on.
  gradstep_array columns_from(std::size_t column) {
    auto array = array_of(table.data() + column);
    array.pitch = width;
    return array;
  }

  gradstep_status apply(const std::vector<gradstep_tensor>& list) {
    const auto options = at_step(1);
    return gradstep_apply(context.get(), rule.get(), list.data(), list.size(), &options, nullptr);
  }
  gradstep_status norm() {
    auto result = sized<gradstep_norm_result>();
    return gradstep_gradient_norm(context.get(), &tensor, 1, &result);
  }
  gradstep_status add() {
    const auto optimizer = make_optimizer(context.get());
    add_group(optimizer.get(), "all", rule.get());
    auto added = tensor;
    added.slot_count = 0;
    return gradstep_optimizer_add_tensor(optimizer.get(), 0, "t", &added, nullptr);
  }

  /// By a step, and by an optimizer that the tensor is added to.
  void refused(gradstep_status status, const std::vector<std::string>& words) {
    auto in_list = words, as_argument = words;
    in_list.front().insert(0, "tensors[0].");
    as_argument.front().insert(0, "tensor.");
    expect_failure(apply({tensor}), status, in_list);
    expect_failure(add(), status, as_argument);
  }

  context_handle context = make_serial_context();
  rule_handle rule = make_rule("sgd");
  std::vector<float> table;
  gradstep_tensor tensor = sized<gradstep_tensor>();
};

}  // namespace gradstep_test
