// SPDX-License-Identifier: Apache-2.0
//
// Arrays with a pitch may lie in each other's gaps.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "step/tensor_shapes.hpp"
#include "support/arrays.hpp"
#include "support/comparison.hpp"

namespace gradstep_test {
namespace {

using interleaved_arrays = tensor_shapes;

/// Both arrays of the tensor are columns of one table: param 0 to 3, grad 4 to 7.
TEST_F(interleaved_arrays, arrays_in_each_others_gaps_do_not_overlap) {
  EXPECT_EQ(apply({tensor}), status_of_gaps) << gradstep_last_error();
  EXPECT_EQ(norm(), status_of_gaps);
  std::swap(tensor.param, tensor.grad);
  EXPECT_EQ(apply({tensor}), status_of_gaps) << gradstep_last_error();
  tensor.grad = columns_from(28);  // the last columns
  tensor.param = columns_from(0);
  EXPECT_EQ(apply({tensor}), status_of_gaps) << gradstep_last_error();
  // Half as wide elements with the same pitch in bytes.
  tensor.copy = array_of(GRADSTEP_BFLOAT16, table.data() + 4);
  tensor.copy.pitch = 2 * width;
  EXPECT_EQ(apply({tensor}), status_of_gaps) << gradstep_last_error();
}

TEST_F(interleaved_arrays, arrays_whose_columns_overlap) {
  const std::vector<std::string> words = {"the arrays of tensors[0] overlap", "param.data",
                                          "grad.data"};
  for (const std::size_t column : {0U, 1U, 3U}) {
    tensor.grad = columns_from(column);
    expect_failure(apply({tensor}), invalid, words);
    std::swap(tensor.param, tensor.grad);
    expect_failure(apply({tensor}), invalid, words);
    tensor.param = columns_from(0);
  }
  tensor.grad = columns_from(29);  // its last column is the param's first one, a row further on
  expect_failure(apply({tensor}), invalid, words);
  tensor.grad = columns_from(4);
  tensor.grad.pitch = width - 1;  // then rows drift into the param's
  expect_failure(apply({tensor}), invalid, words);
  tensor.grad.pitch = 0;
  expect_failure(apply({tensor}), invalid, words);
  // Half as wide elements, in the second half of the other's rows.
  tensor.param = array_of(GRADSTEP_BFLOAT16, table.data() + 6);
  tensor.param.pitch = 2 * width;
  tensor.grad = columns_from(4);
  expect_failure(apply({tensor}), invalid, words);
  std::swap(tensor.param, tensor.grad);
  expect_failure(apply({tensor}), invalid, words);
  tensor.param = columns_from(0);
  // Half as wide elements, but half as many bytes from row to row.
  tensor.grad = columns_from(8);
  tensor.copy = array_of(GRADSTEP_BFLOAT16, table.data() + 4);
  tensor.copy.pitch = width;
  expect_failure(apply({tensor}), invalid,
                 {"the arrays of tensors[0] overlap", "copy.data", "param.data"});
}

/// An array ends with its last row, not with the gap behind it.
TEST_F(interleaved_arrays, nothing_follows_the_last_row) {
  tensor.grad = array_of(table.data() + 5 * width + 4);
  tensor.grad.pitch = 4;
  table.resize(7 * width);
  tensor.param = columns_from(0);
  tensor.grad.data = table.data() + 5 * width + 4;
  EXPECT_EQ(apply({tensor}), status_of_gaps) << gradstep_last_error();
  tensor.grad.data = table.data() + 5 * width + 3;
  expect_failure(apply({tensor}), invalid, {"overlap"});
}

TEST_F(interleaved_arrays, lower_halves_have_the_pitch_of_their_upper_halves) {
  std::vector<std::uint16_t> halves(2 * rows * width);
  tensor.param = array_of(GRADSTEP_BFLOAT16, halves.data(), halves.data() + 4);
  tensor.param.pitch = width;
  tensor.grad = array_of(table.data());
  EXPECT_EQ(apply({tensor}), status_of_gaps) << gradstep_last_error();
  tensor.param.extra = halves.data() + 3;
  expect_failure(apply({tensor}), invalid, {"overlap", "param.extra", "param.data"});
}

/// One table holds the params of several tensors of a list.
TEST_F(interleaved_arrays, params_in_each_others_gaps) {
  std::vector<float> grads(3 * rows * columns);
  const auto list_at = [&](std::size_t third_column) {
    std::vector<gradstep_tensor> list(3, tensor);
    for (std::size_t i = 0; i < 3; ++i) {
      list[i].param = columns_from(i == 2 ? third_column : 8 * i);
      list[i].grad = array_of(grads.data() + rows * columns * i);
    }
    return list;
  };
  for (const std::size_t free_column : {4U, 12U, 28U}) {
    EXPECT_EQ(apply(list_at(free_column)), status_of_gaps) << gradstep_last_error();
  }
  for (const std::size_t taken : {5U, 8U, 11U}) {
    expect_failure(apply(list_at(taken)), invalid,
                   {"tensors[2].param.data", "overlaps tensors[1].param.data"});
  }
}

TEST_F(interleaved_arrays, an_optimizer_counts_gaps_as_part_of_an_array) {
  expect_failure(add(), invalid, {"the arrays of tensor overlap", "gaps between rows"});
  tensor.grad.data = nullptr;
  EXPECT_EQ(add(), status_of_gaps) << gradstep_last_error();
}

}  // namespace
}  // namespace gradstep_test
