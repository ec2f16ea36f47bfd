// SPDX-License-Identifier: Apache-2.0
//
// What follows from Adafactor's formula for tensors of special shapes and gradients, and which of
// its options need each other.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

constexpr dtypes wide = {GRADSTEP_FLOAT64, GRADSTEP_FLOAT64};
constexpr std::size_t row_var = 0, col_var = 1;

parameter make_target(const gradstep_rule* rule, std::size_t count, matrix_shape shape = {}) {
  return make_parameter("adafactor", rule, count, wide, 0, shape);
}

void expect_near(const number_array& got, const number_array& wanted, double tolerance) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_NEAR(got.get(i), wanted.get(i), tolerance) << "element " << i;
  }
}

/// V = row col / mean(row) is the moving average of g^2 itself where a matrix has one row or one
/// column.
TEST(adafactor, matrices_of_one_row_or_one_column_are_as_flat_tensors) {
  for (const double beta1 : {0.0, 0.9}) {
    const auto rule = make_rule("adafactor", {{"beta1", beta1}, {"weight_decay", 0.1}});
    auto flat = make_target(rule.get(), 97);
    run_steps(serial_context(), rule.get(), flat, 5);
    for (const matrix_shape shape : {matrix_shape{1, 97}, matrix_shape{97, 1}}) {
      auto matrix = make_target(rule.get(), 97, shape);
      run_steps(serial_context(), rule.get(), matrix, 5);
      expect_near(matrix.param, flat.param, 1e-15);
    }
  }
}

TEST(adafactor, first_step_keeps_the_mean_squares_of_rows_and_columns) {
  const auto rule = make_rule("adafactor");
  auto target = make_target(rule.get(), 2 * 3 * 4, {3, 4});
  apply_one(serial_context(), rule.get(), target, at_step(1));
  std::vector<double> rows(2 * 3), columns(2 * 4);
  for (std::size_t i = 0; i < 24; ++i) {
    const double square = std::pow(target.grad.get(i), 2);
    rows[i / 4] += square / 4;
    columns[i / 12 * 4 + i % 4] += square / 3;
  }
  ASSERT_EQ(target.slots[row_var]->size(), rows.size());
  ASSERT_EQ(target.slots[col_var]->size(), columns.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_NEAR(target.slots[row_var]->get(i), rows[i], 1e-14) << "row " << i;
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    EXPECT_NEAR(target.slots[col_var]->get(i), columns[i], 1e-14) << "column " << i;
  }
}

/// |g_ij| = a_i b_j: then V = g^2 exactly, and the step is alpha in each element.
TEST(adafactor, gradients_of_rank_one_step_by_alpha) {
  const auto rule = make_rule("adafactor", {{"lr", 0.25}});
  auto target = make_target(rule.get(), 5 * 7, {5, 7});
  double squares = 0;
  for (std::size_t i = 0; i < 35; ++i) {
    const double g = std::exp(random_value(1, i / 7) + random_value(2, i % 7));
    target.grad.set(i, i % 2 == 0 ? g : -g);
    squares += std::pow(target.param.get(i), 2);
  }
  const auto before = target;
  const double alpha = std::sqrt(squares / 35) * 0.25;
  for (std::uint64_t step = 1; step <= 1; ++step) {
    apply_one(serial_context(), rule.get(), target, at_step(step));
    for (std::size_t i = 0; i < 35; ++i) {
      const double moved = target.param.get(i) - before.param.get(i);
      EXPECT_NEAR(moved, i % 2 == 0 ? -alpha : alpha, 1e-14) << "element " << i;
    }
  }
}

TEST(adafactor, size_of_a_step_is_clipped_to_d) {
  const auto rule = make_rule("adafactor", {{"lr", 0.25}, {"d", 0.5}, {"scale_parameter", 0}});
  auto target = make_target(rule.get(), 64);
  const auto before = target;
  apply_one(serial_context(), rule.get(), target, at_step(1));
  double squares = 0;
  for (std::size_t i = 0; i < 64; ++i) {
    squares += std::pow(target.param.get(i) - before.param.get(i), 2);
  }
  EXPECT_NEAR(std::sqrt(squares / 64), 0.5 * 0.25, 1e-14);
}

TEST(adafactor, transposing_transposes) {
  const auto rule = make_rule("adafactor", {{"weight_decay", 0.1}, {"beta1", 0.5}});
  constexpr std::size_t rows = 70, columns = 9;
  auto target = make_target(rule.get(), rows * columns, {rows, columns});
  auto transposed = make_target(rule.get(), rows * columns, {columns, rows});
  const auto copy = [&](const number_array& from, number_array& to) {
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < columns; ++c) to.set(c * rows + r, from.get(r * columns + c));
    }
  };
  copy(target.param, transposed.param);
  for (std::uint64_t step = 1; step <= 4; ++step) {
    target.set_random_gradient(step);
    copy(target.grad, transposed.grad);
    apply_one(serial_context(), rule.get(), target, at_step(step));
    apply_one(serial_context(), rule.get(), transposed, at_step(step));
  }
  auto wanted = transposed.param;
  copy(target.param, wanted);
  expect_near(transposed.param, wanted, 1e-14);
  expect_near(*transposed.slots[row_var], *target.slots[col_var], 1e-14);
  expect_near(*transposed.slots[col_var], *target.slots[row_var], 1e-14);
}

/// Without what is taken over the whole tensor, each matrix of a batch is stepped by itself.
TEST(adafactor, matrices_of_a_batch_have_their_own_rows_and_columns) {
  const auto rule = make_rule("adafactor", {{"scale_parameter", 0}, {"d", 1e6}});
  constexpr std::size_t size = 6 * 11;
  auto batch = make_target(rule.get(), 3 * size, {6, 11});
  const auto start = batch;
  run_steps(serial_context(), rule.get(), batch);
  for (std::size_t matrix = 0; matrix < 3; ++matrix) {
    auto alone = make_target(rule.get(), size, {6, 11});
    const auto copy = [&](const number_array& from, number_array& to) {
      for (std::size_t i = 0; i < size; ++i) to.set(i, from.get(matrix * size + i));
    };
    copy(start.param, alone.param);
    for (std::uint64_t step = 1; step <= 3; ++step) {
      auto all = start;
      all.set_random_gradient(step);
      copy(all.grad, alone.grad);
      apply_one(serial_context(), rule.get(), alone, at_step(step));
    }
    for (std::size_t i = 0; i < size; ++i) {
      EXPECT_EQ(batch.param.bits(matrix * size + i), alone.param.bits(i)) << matrix << ", " << i;
    }
  }
}

TEST(adafactor, zero_gradients_leave_the_decay_alone) {
  for (const double hugging_face : {0.0, 1.0}) {
    const auto rule = make_rule("adafactor", {{"lr", 0.5},
                                              {"weight_decay", 0.25},
                                              {"scale_parameter", 0},
                                              {"hugging_face", hugging_face}});
    for (const matrix_shape shape : {matrix_shape{}, matrix_shape{4, 5}}) {
      auto target = make_target(rule.get(), 20, shape);
      target.param.fill(2);
      target.grad.fill(0);
      apply_one(serial_context(), rule.get(), target, at_step(1));
      for (std::size_t i = 0; i < 20; ++i) EXPECT_NEAR(target.param.get(i), 1.75, 1e-15);
    }
  }
}

/// rho of hugging_face's forms, seen in the first step: without scale_parameter it is the step.
double first_step(const option_values& options) {
  auto values = options;
  values.insert(values.end(), {{"lr", 0.5}, {"scale_parameter", 0}, {"hugging_face", 1}});
  const auto rule = make_rule("adafactor", values);
  auto target = make_target(rule.get(), 8);
  target.param.fill(0);
  target.grad.fill(3);
  apply_one(serial_context(), rule.get(), target, at_step(1));
  return -target.param.get(0);
}

TEST(adafactor, relative_steps_do_not_depend_on_lr) {
  EXPECT_NEAR(first_step({}), 0.5, 1e-15);
  EXPECT_NEAR(first_step({{"relative_step", 1}}), 1e-2, 1e-15);
  EXPECT_NEAR(first_step({{"relative_step", 1}, {"warmup_init", 1}}), 1e-6, 1e-15);
}

TEST(adafactor_misuse, options_that_need_each_other) {
  const auto rule = make_rule("adafactor", {{"relative_step", 1}});
  expect_failure(gradstep_rule_check(rule.get()), GRADSTEP_INVALID_ARGUMENT,
                 {"relative_step = 1", "hugging_face"});
  gradstep_rule_set(rule.get(), "hugging_face", 1);
  expect_ok(gradstep_rule_check(rule.get()));
  gradstep_rule_set(rule.get(), "relative_step", 0);
  gradstep_rule_set(rule.get(), "warmup_init", 1);
  expect_failure(gradstep_rule_check(rule.get()), GRADSTEP_INVALID_ARGUMENT,
                 {"warmup_init = 1", "relative_step"});
  auto target = make_target(rule.get(), 10);
  const auto before = target.snapshot();
  const auto view = target.view();
  const auto options = at_step(1);
  expect_failure(gradstep_apply(serial_context(), rule.get(), &view.tensor, 1, &options, nullptr),
                 GRADSTEP_INVALID_ARGUMENT, {"warmup_init", "relative_step"});
  EXPECT_EQ(target.snapshot(), before);
}

}  // namespace
}  // namespace gradstep_test
