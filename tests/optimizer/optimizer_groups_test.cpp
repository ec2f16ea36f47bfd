// SPDX-License-Identifier: Apache-2.0
//
// Groups: rules, schedules, plateaus and rates of their own, one norm over all of them.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/schedule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

TEST(optimizer_groups, step_as_optimizers_of_their_own_would) {
  const auto context = make_context(split_options(2));
  const auto adam = make_rule("adam", {{"lr", 0.1}}), sgd = make_rule("sgd", {{"momentum", 0.9}});
  const auto cosine = make_schedule("cosine", {{"total_steps", 6}});
  auto first = group_options("first", adam.get()), second = group_options("second", sgd.get());
  first.schedule = cosine.get();
  second.flags = GRADSTEP_GROUP_LR_SCALE;
  second.lr_scale = 3;
  // The tensors of the two groups are added alternately.
  std::vector<plain_tensor> together(4, plain_tensor(200)), apart(4, plain_tensor(200));
  const auto both = make_optimizer(context.get());
  const auto one = make_optimizer(context.get()), other = make_optimizer(context.get());
  add_group(both.get(), first);
  add_group(both.get(), second);
  add_group(one.get(), first);
  add_group(other.get(), second);
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string name = "tensor " + std::to_string(i);
    add_tensor(both.get(), i % 2, name, together[i].tensor());
    add_tensor(i % 2 == 0 ? one.get() : other.get(), 0, name, apart[i].tensor());
  }
  for (std::uint64_t round = 0; round < 8; ++round) {
    for (std::size_t i = 0; i < 4; ++i) {
      together[i].set_gradient(10 * round + i);
      apart[i].set_gradient(10 * round + i);
    }
    step(both.get());
    step(one.get());
    step(other.get());
    for (std::size_t i = 0; i < 4; ++i) expect_same_bits(together[i].bits(), apart[i].bits());
  }
}

TEST(optimizer_groups, are_clipped_by_the_norm_over_all_of_them) {
  const auto context = make_serial_context();
  const auto sgd = make_rule("sgd", {{"lr", 1}});
  auto options = sized<gradstep_optimizer_options>();
  options.flags = GRADSTEP_APPLY_MAX_NORM;
  options.max_norm = 2.5;
  const auto optimizer = make_optimizer(context.get(), options);
  plain_tensor a(1, GRADSTEP_FLOAT64), b(1, GRADSTEP_FLOAT64);
  a.param.set(0, 0);
  b.param.set(0, 0);
  a.grad.set(0, 3);
  b.grad.set(0, 4);
  add_tensor(optimizer.get(), add_group(optimizer.get(), "a", sgd.get()), "a", a.tensor());
  add_tensor(optimizer.get(), add_group(optimizer.get(), "b", sgd.get()), "b", b.tensor());
  const auto result = step(optimizer.get());
  EXPECT_EQ(result.grad_norm, 5);
  EXPECT_DOUBLE_EQ(result.clip_factor, 2.5 / (5 + 1e-6));
  EXPECT_DOUBLE_EQ(a.param.get(0), -3 * result.clip_factor);
  EXPECT_DOUBLE_EQ(b.param.get(0), -4 * result.clip_factor);
  EXPECT_EQ(describe(optimizer.get()).grad_norm, 5);
}

TEST(optimizer_groups, follow_their_schedules_by_the_optimizers_step_count) {
  const auto context = make_serial_context();
  const auto sgd = make_rule("sgd", {{"lr", 1}});
  const auto linear = make_schedule("linear", {{"total_steps", 4}});
  auto options = group_options("all", sgd.get());
  options.schedule = linear.get();
  options.flags = GRADSTEP_GROUP_LR_SCALE;
  options.lr_scale = 0.5;
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), options);
  plain_tensor a(1, GRADSTEP_FLOAT64);
  add_tensor(optimizer.get(), 0, "a", a.tensor());
  a.grad.set(0, 1);
  for (int t = 0; t < 6; ++t) {
    double wanted = 0;
    expect_ok(gradstep_schedule_lr(linear.get(), 1, t, &wanted));
    EXPECT_EQ(describe_group(optimizer.get(), 0).lr, 0.5 * wanted);
    EXPECT_TRUE(std::isnan(describe_group(optimizer.get(), 0).momentum));
    const double before = a.param.get(0);
    step(optimizer.get());
    EXPECT_EQ(a.param.get(0), before - 0.5 * wanted);
  }
  EXPECT_STREQ(describe_group(optimizer.get(), 0).schedule_name, "linear");
  expect_ok(gradstep_optimizer_set_schedule(optimizer.get(), 0, nullptr));
  EXPECT_EQ(describe_group(optimizer.get(), 0).schedule_name, nullptr);
  EXPECT_EQ(describe_group(optimizer.get(), 0).lr, 0.5);
}

TEST(optimizer_groups, have_momentum_driven_by_a_schedule) {
  const auto context = make_serial_context();
  for (const char* rule_name : {"sgd", "adamw"}) {
    const auto rule = make_rule(rule_name, {{"lr", 0.1}});
    const auto one_cycle =
        make_schedule("one_cycle", {{"total_steps", 10}, {"drives_momentum", 1}});
    auto options = group_options("all", rule.get());
    options.schedule = one_cycle.get();
    const auto optimizer = make_optimizer(context.get());
    add_group(optimizer.get(), options);
    plain_tensor own(50);
    add_tensor(optimizer.get(), 0, "a", own.tensor());
    const auto driven = make_rule(rule_name, {{"lr", 0.1}});
    const char* momentum_name = std::string_view(rule_name) == "sgd" ? "momentum" : "beta1";
    expect_ok(gradstep_rule_set(driven.get(), momentum_name, 0.5));
    auto stateless = make_parameter(rule_name, driven.get(), 50, {});
    for (std::uint64_t t = 1; t <= 5; ++t) {
      double lr = 0, momentum = 0;
      expect_ok(gradstep_schedule_lr(one_cycle.get(), 0.1, static_cast<double>(t - 1), &lr));
      expect_ok(gradstep_schedule_momentum(one_cycle.get(), static_cast<double>(t - 1), &momentum));
      EXPECT_EQ(describe_group(optimizer.get(), 0).momentum, momentum);
      expect_ok(gradstep_rule_set(driven.get(), "lr", lr));
      expect_ok(gradstep_rule_set(driven.get(), momentum_name, momentum));
      for (std::size_t i = 0; i < 50; ++i) {
        own.grad.set(i, random_value(t, i));
        stateless.grad.set(i, random_value(t, i));
      }
      step(optimizer.get());
      apply_one(context.get(), driven.get(), stateless, at_step(t));
      for (std::size_t i = 0; i < 50; ++i) ASSERT_EQ(own.param.bits(i), stateless.param.bits(i));
    }
  }
}

TEST(optimizer_groups, have_base_rates_held_by_a_plateau) {
  const auto context = make_serial_context();
  const auto sgd = make_rule("sgd", {{"lr", 1}});
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), "watched", sgd.get());
  add_group(optimizer.get(), "other", sgd.get());
  auto plateau = make_plateau(0.5);
  plateau.patience = 0;
  expect_ok(gradstep_optimizer_set_plateau(optimizer.get(), 0, &plateau));
  EXPECT_EQ(describe_group(optimizer.get(), 0).lr, 0.5);
  std::size_t reduced = 7;
  expect_ok(gradstep_optimizer_report_metric(optimizer.get(), 1, &reduced));
  EXPECT_EQ(reduced, 0U);
  expect_ok(gradstep_optimizer_report_metric(optimizer.get(), 2, &reduced));
  EXPECT_EQ(reduced, 1U);
  EXPECT_EQ(describe_group(optimizer.get(), 0).lr, 0.5 * 0.1);
  EXPECT_EQ(describe_group(optimizer.get(), 1).lr, 1);
  // The plateau and the hyper-parameter are one rate.
  expect_ok(gradstep_optimizer_set_hyperparameter(optimizer.get(), 0, "lr", 0.25));
  expect_ok(gradstep_optimizer_get_plateau(optimizer.get(), 0, &plateau));
  EXPECT_EQ(plateau.lr, 0.25);
  EXPECT_EQ(plateau.best, 1);
  expect_ok(gradstep_optimizer_set_plateau(optimizer.get(), 0, nullptr));
  expect_ok(gradstep_optimizer_report_metric(optimizer.get(), 3, &reduced));
  EXPECT_EQ(reduced, 0U);
  EXPECT_EQ(describe_group(optimizer.get(), 0).lr, 0.25);
}

TEST(optimizer_groups, stand_still_with_an_lr_scale_of_0) {
  const auto context = make_serial_context();
  const auto adamw = make_rule("adamw", {{"weight_decay", 0.5}});
  for (const double zero : {0.0, -0.0, std::ldexp(1e-200, -900)}) {
    const auto optimizer = make_optimizer(context.get());
    auto still = group_options("still", adamw.get()), moves = group_options("moves", adamw.get());
    still.flags = GRADSTEP_GROUP_LR_SCALE;
    still.lr_scale = zero;
    add_group(optimizer.get(), still);
    add_group(optimizer.get(), moves);
    plain_tensor a(163), b(163);
    add_tensor(optimizer.get(), 0, "a", a.tensor());
    add_tensor(optimizer.get(), 1, "b", b.tensor());
    const auto before = a.bits();
    ASSERT_EQ(before, b.bits());
    step(optimizer.get());
    EXPECT_EQ(a.bits(), before);
    EXPECT_NE(b.bits(), before);
    EXPECT_EQ(describe_group(optimizer.get(), 0).lr, 0);
    EXPECT_FALSE(std::signbit(describe_group(optimizer.get(), 0).lr_scale));
    EXPECT_EQ(describe_group(optimizer.get(), 1).lr_scale, 1);
  }
}

}  // namespace
}  // namespace gradstep_test
