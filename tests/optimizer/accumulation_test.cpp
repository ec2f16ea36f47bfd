// SPDX-License-Identifier: Apache-2.0
//
// Gradients accumulated over micro-batches.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "optimizer/one_group_model.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/number_array.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

template <class T>
void add_scaled(const number_array& grad, std::vector<T>& sum) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += T(0.3) * static_cast<T>(grad.get(i));
}

/// A sum is made of one product and one addition per gradient, each rounded.
template <class T>
void expect_accumulated(std::int32_t dtype) {
  const auto context = make_context(split_options(2));
  const auto rule = make_rule("adam");
  const auto flags = GRADSTEP_APPLY_ZERO_GRAD | GRADSTEP_APPLY_MAX_NORM;
  one_group_model model(context.get(), rule.get(), with_flags(flags), {130, 3}, dtype);
  one_group_model wanted(context.get(), rule.get(), with_flags(flags), {130, 3}, dtype);
  for (std::uint64_t round = 1; round <= 3; ++round) {
    std::vector<std::vector<T>> sums = {std::vector<T>(130), std::vector<T>(3)};
    for (std::uint64_t batch = 0; batch < 4; ++batch) {
      model.set_gradients(10 * round + batch);
      for (std::size_t i = 0; i < 2; ++i) add_scaled(model.tensors[i].grad, sums[i]);
      if (batch % 2 == 0) {
        expect_ok(gradstep_optimizer_accumulate(model.get(), GRADSTEP_ALL_TENSORS, 0.3));
      } else {
        expect_ok(gradstep_optimizer_accumulate(model.get(), 1, 0.3));
        expect_ok(gradstep_optimizer_accumulate(model.get(), 0, 0.3));
      }
      EXPECT_EQ(describe_tensor(model.get(), 1).accumulate_count, batch + 1);
      EXPECT_EQ(model.tensors[0].grad.get(5), 0);
    }
    for (std::size_t i = 0; i < 2; ++i) {
      const auto got = read_array(model.get(), i, "accumulated_grad");
      EXPECT_EQ(got, std::vector<double>(sums[i].begin(), sums[i].end()));
      for (std::size_t k = 0; k < got.size(); ++k) wanted.tensors[i].grad.set(k, got[k]);
      model.tensors[i].grad.fill(nan_value);  // must not be read
    }
    EXPECT_EQ(step(model.get()).grad_norm, step(wanted.get()).grad_norm);
    for (std::size_t i = 0; i < 2; ++i) {
      expect_same_bits(model.tensors[i].bits(), wanted.tensors[i].bits());
      EXPECT_EQ(describe_tensor(model.get(), i).accumulate_count, 0U);
    }
  }
  EXPECT_EQ(describe(model.get()).state_bytes - describe(wanted.get()).state_bytes,
            133 * sizeof(T));
}

TEST(accumulation, in_float32) { expect_accumulated<float>(GRADSTEP_FLOAT32); }
TEST(accumulation, in_float64) { expect_accumulated<double>(GRADSTEP_FLOAT64); }

TEST(accumulation, serves_tensors_that_have_a_sum_and_gradients_the_others) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd", {{"lr", 1}});
  one_group_model model(context.get(), rule.get(), with_flags(0), {1, 1, 1}, GRADSTEP_FLOAT64);
  for (auto& each : model.tensors) {
    each.param.set(0, 0);
    each.grad.set(0, 1);
  }
  expect_ok(gradstep_optimizer_accumulate(model.get(), 1, 4));
  expect_ok(gradstep_optimizer_accumulate(model.get(), 1, 4));
  // A tensor with a sum takes part without a gradient.
  expect_ok(gradstep_optimizer_accumulate(model.get(), 2, 5));
  expect_ok(gradstep_optimizer_set_grad(model.get(), 2, nullptr));
  step(model.get());
  EXPECT_EQ(model.tensors[0].param.get(0), -1);
  EXPECT_EQ(model.tensors[1].param.get(0), -8);
  EXPECT_EQ(model.tensors[2].param.get(0), -5);
  EXPECT_EQ(model.tensors[0].grad.get(0), 1);
  step(model.get());
  EXPECT_EQ(model.tensors[1].param.get(0), -9);
  EXPECT_EQ(model.tensors[2].param.get(0), -5);
  // The next sum starts from 0.
  expect_ok(gradstep_optimizer_accumulate(model.get(), 1, 4));
  step(model.get());
  EXPECT_EQ(model.tensors[1].param.get(0), -13);
}

TEST(accumulation, is_cleared_by_a_skipped_step) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd", {{"lr", 1}});
  one_group_model model(context.get(), rule.get(), with_flags(GRADSTEP_APPLY_CHECK_FINITE), {1, 1},
                        GRADSTEP_FLOAT64);
  for (auto& each : model.tensors) {
    each.param.set(0, 0);
    each.grad.set(0, 1);
  }
  expect_ok(gradstep_optimizer_accumulate(model.get(), 0, 1));
  model.tensors[0].grad.set(0, INFINITY);
  expect_ok(gradstep_optimizer_accumulate(model.get(), 0, 1));
  EXPECT_EQ(step(model.get()).is_skipped, 1);
  EXPECT_EQ(model.tensors[1].grad.get(0), 1);  // ZERO_GRAD is not set
  EXPECT_EQ(describe_tensor(model.get(), 0).accumulate_count, 0U);
  model.tensors[0].grad.set(0, 2);
  expect_ok(gradstep_optimizer_accumulate(model.get(), 0, 1));
  EXPECT_EQ(step(model.get()).is_skipped, 0);
  EXPECT_EQ(model.tensors[0].param.get(0), -2);
}

TEST(accumulation, within_a_step_ends_when_the_tensor_is_stepped) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd", {{"lr", 1}});
  one_group_model model(context.get(), rule.get(), with_flags(0), {1, 1}, GRADSTEP_FLOAT64);
  model.tensors[1].param.set(0, 0);
  model.tensors[1].grad.set(0, 3);
  expect_ok(gradstep_optimizer_begin_step(model.get(), nullptr));
  expect_ok(gradstep_optimizer_step_tensor(model.get(), 0));
  expect_failure(gradstep_optimizer_accumulate(model.get(), 0, 1), GRADSTEP_WRONG_ORDER,
                 {"tensor 0", "stepped"});
  expect_failure(gradstep_optimizer_accumulate(model.get(), GRADSTEP_ALL_TENSORS, 1),
                 GRADSTEP_WRONG_ORDER, {"tensor 0", "stepped"});
  EXPECT_EQ(describe_tensor(model.get(), 1).accumulate_count, 0U);
  expect_ok(gradstep_optimizer_accumulate(model.get(), 1, 2));
  expect_ok(gradstep_optimizer_step_tensor(model.get(), 1));
  expect_ok(gradstep_optimizer_end_step(model.get(), nullptr));
  EXPECT_EQ(model.tensors[1].param.get(0), -6);
}

}  // namespace
}  // namespace gradstep_test
