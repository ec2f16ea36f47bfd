// SPDX-License-Identifier: Apache-2.0
//
// Calls of an optimizer in the wrong order, and wrong numbers of its steps: each gives its status
// and a sentence that names the argument and its value, and changes nothing.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "optimizer/optimizer_misuse.hpp"
#include "support/comparison.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

TEST_F(optimizer_misuse, calls_outside_a_step_that_need_one) {
  refused(gradstep_optimizer_step_tensor(get(), 0), GRADSTEP_WRONG_ORDER, {"begin_step"});
  refused(gradstep_optimizer_end_step(get(), nullptr), GRADSTEP_WRONG_ORDER, {"begin_step"});
}

/// One line per call, so it is long.
TEST_F(optimizer_misuse, calls_inside_a_step_that_must_wait) {
  const auto options = sized<gradstep_optimizer_options>();
  const auto group = group_options("g", sgd.get());
  auto plateau = sized<gradstep_plateau>();
  auto scaler = sized<gradstep_loss_scaler>();
  expect_ok(gradstep_plateau_init(&plateau, 1));
  expect_ok(gradstep_loss_scaler_init(&scaler));
  double value = 7;
  expect_ok(gradstep_optimizer_begin_step(get(), nullptr));
  expect_ok(gradstep_optimizer_step_tensor(get(), 1));
  before = everything_in(get());
  const auto wait = [&](gradstep_status status) {
    refused(status, GRADSTEP_WRONG_ORDER, {"gradstep_optimizer_end_step"});
  };
  wait(gradstep_optimizer_begin_step(get(), nullptr));
  wait(gradstep_optimizer_step(get(), nullptr, nullptr));
  wait(gradstep_optimizer_set_options(get(), &options));
  wait(gradstep_optimizer_add_group(get(), &group, nullptr));
  wait(add("t", fresh.tensor()));
  wait(gradstep_optimizer_set_frozen(get(), 0, 1));
  wait(gradstep_optimizer_set_hyperparameter(get(), 0, "lr", 1));
  wait(gradstep_optimizer_get_hyperparameter(get(), 0, "lr", &value));
  wait(gradstep_optimizer_set_schedule(get(), 0, nullptr));
  wait(gradstep_optimizer_set_plateau(get(), 0, &plateau));
  wait(gradstep_optimizer_get_plateau(get(), 0, &plateau));
  wait(gradstep_optimizer_report_metric(get(), 1, nullptr));
  wait(gradstep_optimizer_set_loss_scaler(get(), &scaler));
  wait(gradstep_optimizer_get_loss_scaler(get(), &scaler));
  wait(gradstep_optimizer_inspect(get(), 0, 1));
  EXPECT_EQ(value, 7);
  refused(gradstep_optimizer_step_tensor(get(), 1), GRADSTEP_WRONG_ORDER,
          {"\"b.weight\"", "stepped already"});
  refused(gradstep_optimizer_step_tensor(get(), 2), GRADSTEP_OUT_OF_RANGE, {"tensor = 2"});
  // Calls that a step allows.
  expect_ok(gradstep_optimizer_set_grad(get(), 0, a.grad.data()));
  std::size_t index = 7;
  expect_ok(gradstep_optimizer_find_tensor(get(), "b.weight", &index));
  EXPECT_EQ(index, 1U);
  EXPECT_EQ(describe(get()).is_in_step, 1);
  expect_ok(gradstep_optimizer_end_step(get(), nullptr));
  EXPECT_EQ(describe_tensor(get(), 0).step_count, 1U);
  EXPECT_EQ(describe_tensor(get(), 1).step_count, 2U);
}

TEST_F(optimizer_misuse, a_step_that_needs_all_gradients_first) {
  auto scaler = make_loss_scaler();
  for (const std::uint64_t flags : {std::uint64_t{GRADSTEP_APPLY_MAX_NORM},
                                    std::uint64_t{GRADSTEP_APPLY_CHECK_FINITE}, std::uint64_t{0}}) {
    auto options = sized<gradstep_optimizer_options>();
    options.flags = flags;
    options.max_norm = 1;
    expect_ok(gradstep_optimizer_set_options(get(), &options));
    expect_ok(gradstep_optimizer_set_loss_scaler(get(), flags == 0 ? &scaler : nullptr));
    refused(gradstep_optimizer_begin_step(get(), nullptr), GRADSTEP_WRONG_ORDER,
            {"GRADSTEP_STEP_INSPECTED", "GRADSTEP_STEP_GRAD_NORM"});
  }
}

/// One case per number, so it is long.
TEST_F(optimizer_misuse, numbers_of_a_step) {
  const auto with = [](std::uint64_t flags, double scale, double norm, std::uint64_t count) {
    auto options = sized<gradstep_step_options>();
    options.flags = flags;
    options.grad_scale = scale;
    options.grad_norm = norm;
    options.non_finite_count = count;
    return options;
  };
  const struct {
    gradstep_step_options options;
    gradstep_status status;
    std::vector<std::string> words;
  } cases[] = {
      {with(GRADSTEP_STEP_GRAD_SCALE, infinite, 0, 0),
       GRADSTEP_OUT_OF_RANGE,
       {"options.grad_scale = inf"}},
      {with(GRADSTEP_STEP_GRAD_NORM, 1, -1, 0), GRADSTEP_OUT_OF_RANGE, {"options.grad_norm = -1"}},
      {with(GRADSTEP_STEP_GRAD_NORM, 1, nan_value, 0),
       GRADSTEP_OUT_OF_RANGE,
       {"options.grad_norm = nan", "non_finite_count = 0"}},
      {with(GRADSTEP_STEP_GRAD_NORM | GRADSTEP_STEP_INSPECTED, 1, 1, 0),
       GRADSTEP_INVALID_ARGUMENT,
       {"exclude each other"}},
      {with(8, 1, 1, 0), GRADSTEP_INVALID_ARGUMENT, {"flags = 0x8"}},
  };
  for (const auto& [options, status, words] : cases) {
    refused(gradstep_optimizer_step(get(), &options, nullptr), status, words);
    refused(gradstep_optimizer_begin_step(get(), &options), status, words);
  }
  refused(gradstep_optimizer_inspect(get(), 0, nan_value), GRADSTEP_OUT_OF_RANGE,
          {"grad_scale = nan"});
  refused(gradstep_optimizer_accumulate(get(), 0, infinite), GRADSTEP_OUT_OF_RANGE,
          {"scale = inf"});
  auto scaler = make_loss_scaler();
  scaler.scale = 0x1p-100;
  expect_ok(gradstep_optimizer_set_loss_scaler(get(), &scaler));
  const auto huge = with(GRADSTEP_STEP_GRAD_SCALE, 1e300, 0, 0);
  refused(gradstep_optimizer_step(get(), &huge, nullptr), GRADSTEP_OUT_OF_RANGE,
          {"grad_scale = 1e+300", "not finite"});
}

}  // namespace
}  // namespace gradstep_test
