// SPDX-License-Identifier: Apache-2.0
//
// Gradients inspected one by one before a step, and steps with the norm given by the caller.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include "optimizer/one_group_model.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

// Several of the norm's blocks of 16384 elements, and tensors without elements.
const std::vector<std::size_t> norm_counts = {40000, 0, 7, 20000, 0};

TEST(inspection, one_by_one_gives_the_norm_of_one_pass) {
  const auto context = make_context(split_options(3));
  const auto rule = make_rule("sgd");
  one_group_model whole(context.get(), rule.get(), with_flags(GRADSTEP_APPLY_MAX_NORM),
                        norm_counts);
  one_group_model parts(context.get(), rule.get(), with_flags(GRADSTEP_APPLY_MAX_NORM),
                        norm_counts);
  for (std::size_t i = norm_counts.size(); i-- > 0;) {
    expect_ok(gradstep_optimizer_inspect(parts.get(), i, 1));
  }
  // The step uses the norm of the gradients as they were when they were inspected.
  for (auto& each : parts.tensors) each.grad.fill(0);
  const auto wanted = step(whole.get());
  const auto options = inspected_step();
  EXPECT_EQ(step(parts.get(), options).grad_norm, wanted.grad_norm);
  EXPECT_GT(wanted.grad_norm, 0);
  EXPECT_LT(wanted.clip_factor, 1);
}

TEST(inspection, adds_sums_in_the_order_of_adding) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd");
  const auto options = with_flags(GRADSTEP_APPLY_MAX_NORM);
  one_group_model whole(context.get(), rule.get(), options, std::vector<std::size_t>(200, 1));
  one_group_model parts(context.get(), rule.get(), options, std::vector<std::size_t>(200, 1));
  for (auto* model : {&whole, &parts}) {
    for (auto& each : model->tensors) each.grad.set(0, 10);
    model->tensors[0].grad.set(0, 0x1p30);
  }
  // The norm squared is 2^60 + 199 * 100. If each 100 were added to 2^60 alone, it would be lost;
  // the sum of the 100s is not.
  expect_ok(gradstep_optimizer_inspect(parts.get(), GRADSTEP_ALL_TENSORS, 1));
  EXPECT_EQ(step(parts.get(), inspected_step()).grad_norm, 0x1p30);
  EXPECT_EQ(step(whole.get()).grad_norm, 0x1p30);
}

TEST(inspection, reads_a_gradient_again_only_on_request) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd");
  one_group_model model(context.get(), rule.get(), with_flags(GRADSTEP_APPLY_MAX_NORM), {1, 1});
  const auto norm = [&](std::size_t inspected_again) {
    model.tensors[0].grad.set(0, 3);
    model.tensors[1].grad.set(0, 4);
    expect_ok(gradstep_optimizer_inspect(model.get(), 0, 1));
    model.tensors[0].grad.set(0, 0);
    expect_ok(gradstep_optimizer_inspect(model.get(), inspected_again, 1));
    expect_ok(gradstep_optimizer_inspect(model.get(), GRADSTEP_ALL_TENSORS, 1));
    return step(model.get(), inspected_step()).grad_norm;
  };
  EXPECT_EQ(norm(GRADSTEP_ALL_TENSORS), 5);
  EXPECT_EQ(norm(0), 4);
}

TEST(inspection, is_forgotten_by_the_step_that_uses_it) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd");
  one_group_model model(context.get(), rule.get(), with_flags(GRADSTEP_APPLY_CHECK_FINITE), {3, 3});
  const auto options = inspected_step();
  const auto refused = [&] {
    const auto before = everything_in(model.get());
    expect_failure(gradstep_optimizer_step(model.get(), &options, nullptr), GRADSTEP_WRONG_ORDER,
                   {"tensor", "inspected"});
    expect_failure(gradstep_optimizer_begin_step(model.get(), &options), GRADSTEP_WRONG_ORDER,
                   {"tensor", "inspected"});
    EXPECT_EQ(everything_in(model.get()), before);
  };
  const auto inspect = [&](std::size_t tensor) {
    expect_ok(gradstep_optimizer_inspect(model.get(), tensor, 1));
  };
  refused();
  inspect(0);
  refused();
  inspect(1);
  step(model.get(), options);
  refused();
  inspect(GRADSTEP_ALL_TENSORS);
  expect_ok(gradstep_optimizer_set_grad(model.get(), 1, model.tensors[1].grad.data()));
  refused();
  inspect(GRADSTEP_ALL_TENSORS);
  expect_ok(gradstep_optimizer_accumulate(model.get(), 0, 1));
  refused();
  expect_ok(gradstep_optimizer_inspect(model.get(), GRADSTEP_ALL_TENSORS, 0.5));
  expect_failure(gradstep_optimizer_step(model.get(), &options, nullptr), GRADSTEP_WRONG_ORDER,
                 {"0.5", "step's is 1"});
  inspect(GRADSTEP_ALL_TENSORS);
  step(model.get(), options);
  // A frozen tensor needs no inspection.
  inspect(0);
  expect_ok(gradstep_optimizer_set_frozen(model.get(), 1, 1));
  step(model.get(), options);
  EXPECT_EQ(describe(model.get()).step_count, 3U);
}

TEST(inspection, does_not_cover_a_gradient_that_is_set_later) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd");
  one_group_model model(context.get(), rule.get(), with_flags(GRADSTEP_APPLY_CHECK_FINITE), {3, 3});
  expect_ok(gradstep_optimizer_inspect(model.get(), GRADSTEP_ALL_TENSORS, 1));
  const auto options = inspected_step();
  expect_ok(gradstep_optimizer_begin_step(model.get(), &options));
  expect_ok(gradstep_optimizer_set_grad(model.get(), 0, model.tensors[0].grad.data()));
  expect_failure(gradstep_optimizer_step_tensor(model.get(), 0), GRADSTEP_WRONG_ORDER,
                 {"tensor 0", "inspected"});
  expect_ok(gradstep_optimizer_step_tensor(model.get(), 1));
  expect_ok(gradstep_optimizer_end_step(model.get(), nullptr));
  EXPECT_EQ(describe_tensor(model.get(), 0).step_count, 0U);
  EXPECT_EQ(describe_tensor(model.get(), 1).step_count, 1U);
}

TEST(given_norm, skips_a_step_tensor_by_tensor) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd");
  one_group_model model(context.get(), rule.get(),
                        with_flags(GRADSTEP_APPLY_CHECK_FINITE | GRADSTEP_APPLY_ZERO_GRAD), {3, 3});
  auto options = sized<gradstep_step_options>();
  options.flags = GRADSTEP_STEP_GRAD_NORM;
  options.grad_norm = nan_value;
  options.non_finite_count = 2;
  const auto before = model.tensors[0].bits();
  expect_ok(gradstep_optimizer_begin_step(model.get(), &options));
  expect_ok(gradstep_optimizer_step_tensor(model.get(), 0));
  EXPECT_EQ(model.tensors[0].bits(), before);
  EXPECT_EQ(model.tensors[0].grad.get(1), 0);
  EXPECT_NE(model.tensors[1].grad.get(1), 0);
  auto result = sized<gradstep_apply_result>();
  expect_ok(gradstep_optimizer_end_step(model.get(), &result));
  EXPECT_EQ(result.is_skipped, 1);
  EXPECT_EQ(result.non_finite_count, 2U);
  EXPECT_EQ(describe(model.get()).step_count, 0U);
  EXPECT_EQ(describe(model.get()).skipped_count, 1U);
  EXPECT_EQ(describe_tensor(model.get(), 0).step_count, 0U);
}

/// x86 makes a NaN with its sign bit set of infinity - infinity.
TEST(given_norm, may_be_a_nan_of_either_sign) {
  const auto context = make_serial_context();
  const auto optimizer = make_optimizer(context.get());
  auto options = sized<gradstep_step_options>();
  options.flags = GRADSTEP_STEP_GRAD_NORM;
  for (const double sign : {1.0, -1.0}) {
    options.grad_norm = std::copysign(std::numeric_limits<double>::quiet_NaN(), sign);
    options.non_finite_count = 0;
    EXPECT_EQ(gradstep_optimizer_step(optimizer.get(), &options, nullptr), GRADSTEP_OUT_OF_RANGE);
    options.non_finite_count = 1;
    expect_ok(gradstep_optimizer_step(optimizer.get(), &options, nullptr));
  }
}

/// An inspected step has the norm of a step that reads all gradients at once.
TEST(inspection, of_huge_and_tiny_gradients) {
  const auto context = make_context(split_options(2));
  auto options = sized<gradstep_optimizer_options>();
  options.flags = GRADSTEP_APPLY_MAX_NORM;
  options.max_norm = 1;
  const auto optimizer = make_optimizer(context.get(), options);
  add_group(optimizer.get(), "all", make_rule("sgd", {{"lr", 1}}).get());
  plain_tensor tensors[] = {plain_tensor(700, GRADSTEP_FLOAT64), plain_tensor(1, GRADSTEP_FLOAT64),
                            plain_tensor(40'000, GRADSTEP_FLOAT64)};
  const double sizes[] = {1e-200, 1e200, 1e170};
  for (std::size_t i = 0; i < std::size(tensors); ++i) {
    tensors[i].grad.fill(sizes[i]);
    add_tensor(optimizer.get(), 0, std::to_string(i), without_slots(tensors[i].tensor()));
  }
  for (const std::size_t i : {2, 0, 1}) {
    expect_ok(gradstep_optimizer_inspect(optimizer.get(), i, 1));
  }
  const auto inspected = inspected_step();
  EXPECT_EQ(step(optimizer.get(), inspected).grad_norm, 1e200);
  EXPECT_EQ(step(optimizer.get()).grad_norm, 1e200);
}

TEST(given_norm, that_is_infinite_is_refused_for_finite_gradients) {
  const auto context = make_serial_context();
  const auto optimizer = make_optimizer(context.get());
  auto options = sized<gradstep_step_options>();
  options.flags = GRADSTEP_STEP_GRAD_NORM;
  options.grad_norm = std::numeric_limits<double>::infinity();
  EXPECT_EQ(gradstep_optimizer_step(optimizer.get(), &options, nullptr), GRADSTEP_OUT_OF_RANGE);
  EXPECT_NE(std::string(gradstep_last_error()).find("grad_norm = inf"), std::string::npos);
  options.non_finite_count = 1;
  EXPECT_EQ(gradstep_optimizer_step(optimizer.get(), &options, nullptr), GRADSTEP_OK);
}

}  // namespace
}  // namespace gradstep_test
