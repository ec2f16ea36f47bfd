// SPDX-License-Identifier: Apache-2.0
//
// Steps of an optimizer with a loss scaler.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "optimizer/one_group_model.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {
namespace {

TEST(optimizer_loss_scaling, unscales_skips_and_adapts) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd", {{"lr", 1}});
  one_group_model model(context.get(), rule.get(), with_flags(0), {1}, GRADSTEP_FLOAT64);
  auto& tensor = model.tensors[0];
  auto scaler = make_loss_scaler();
  scaler.scale = 1024;
  scaler.growth_interval = 2;
  expect_ok(gradstep_optimizer_set_loss_scaler(model.get(), &scaler));
  tensor.param.set(0, 0);
  const struct {
    double gradient, param, next_scale;
    std::int32_t is_skipped;
  } wanted[] = {{1024, -1, 1024, 0},
                {INFINITY, -1, 512, 1},
                {512, -2, 512, 0},
                {1024, -4, 1024, 0},
                {1024, -5, 1024, 0}};
  for (const auto& [gradient, param, next_scale, is_skipped] : wanted) {
    tensor.grad.set(0, gradient);
    EXPECT_EQ(step(model.get()).is_skipped, is_skipped);
    EXPECT_EQ(tensor.param.get(0), param);
    expect_ok(gradstep_optimizer_get_loss_scaler(model.get(), &scaler));
    EXPECT_EQ(scaler.scale, next_scale);
  }
  EXPECT_EQ(describe(model.get()).step_count, 4U);
  EXPECT_EQ(describe(model.get()).skipped_count, 1U);
  expect_ok(gradstep_optimizer_set_loss_scaler(model.get(), nullptr));
  tensor.grad.set(0, 1);
  step(model.get());
  EXPECT_EQ(tensor.param.get(0), -6);
}

TEST(optimizer_loss_scaling, is_part_of_an_inspection) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd");
  one_group_model model(context.get(), rule.get(), with_flags(0), {1}, GRADSTEP_FLOAT64);
  auto scaler = make_loss_scaler();
  scaler.scale = 4;
  expect_ok(gradstep_optimizer_set_loss_scaler(model.get(), &scaler));
  model.tensors[0].grad.set(0, 8);
  expect_ok(gradstep_optimizer_inspect(model.get(), 0, 1));
  const auto options = inspected_step();
  EXPECT_EQ(step(model.get(), options).grad_norm, 2);
}

}  // namespace
}  // namespace gradstep_test
