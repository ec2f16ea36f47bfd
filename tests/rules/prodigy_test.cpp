// SPDX-License-Identifier: Apache-2.0
//
// What follows from Prodigy's formula: how d grows, and what it is when it does not.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

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

namespace gradstep_test {
namespace {

constexpr std::size_t count = 70;
constexpr dtypes wide = {GRADSTEP_FLOAT64, GRADSTEP_FLOAT64};

double d_of(const parameter& target) { return target.shared_scalars.at(0); }
double largest_d_of(const parameter& target) { return target.shared_scalars.at(1); }

parameter make_target(const gradstep_rule* rule) {
  return make_parameter("prodigy", rule, count, wide);
}

/// A constant gradient moves the params away from p0 along it, so every estimate is above 0.
void take_steps(const gradstep_rule* rule, parameter& target, std::uint64_t from,
                std::uint64_t to) {
  for (std::uint64_t step = from; step <= to; ++step) {
    apply_one(serial_context(), rule, target, at_step(step));
  }
}

TEST(prodigy, d_never_shrinks_and_grows_until_steps_are_large) {
  const auto rule = make_rule("prodigy");
  auto target = make_target(rule.get());
  double before = d_of(target);
  EXPECT_EQ(before, 1e-6);
  for (std::uint64_t step = 1; step <= 200; ++step) {
    take_steps(rule.get(), target, step, step);
    EXPECT_GE(d_of(target), before) << "step " << step;
    EXPECT_EQ(d_of(target), largest_d_of(target));
    before = d_of(target);
  }
  EXPECT_GT(before, 1e-4);
}

TEST(prodigy, growth_rate_limits_d_but_not_the_largest_estimate) {
  const auto rule = make_rule("prodigy", {{"growth_rate", 1.25}});
  auto target = make_target(rule.get());
  bool was_limited = false;
  for (std::uint64_t step = 1; step <= 60; ++step) {
    const double before = d_of(target);
    take_steps(rule.get(), target, step, step);
    // From d0, d becomes the first estimate above it.
    if (before != 1e-6) {
      EXPECT_LE(d_of(target), 1.25 * before) << "step " << step;
    }
    EXPECT_LE(d_of(target), largest_d_of(target)) << "step " << step;
    if (d_of(target) == 1.25 * before && d_of(target) < largest_d_of(target)) was_limited = true;
  }
  EXPECT_TRUE(was_limited);
}

/// With a small d_coef, no estimate is above d0. exp_avg is d0 times adam's then, and so is the
/// root of exp_avg_sq.
TEST(prodigy, with_a_constant_d_is_adam) {
  const double d0 = 1e-3, lr = 4;
  for (const bool corrects : {false, true}) {
    const auto prodigy = make_rule(
        "prodigy",
        {{"d0", d0}, {"lr", lr}, {"d_coef", 1e-12}, {"bias_correction", corrects ? 1 : 0}});
    auto target = make_target(prodigy.get());
    run_steps(serial_context(), prodigy.get(), target, 6);
    EXPECT_EQ(d_of(target), d0);
    const auto adam = make_rule("adam", {{"eps_hat", 1}});
    auto wanted = make_parameter("adam", adam.get(), count, wide);
    for (std::uint64_t step = 1; step <= 6; ++step) {
      const double t = static_cast<double>(step);
      const double k = corrects ? 1 : (1 - std::pow(0.9, t)) / std::sqrt(1 - std::pow(0.999, t));
      EXPECT_EQ(gradstep_rule_set(adam.get(), "lr", lr * d0 * k), GRADSTEP_OK);
      wanted.set_random_gradient(step);
      apply_one(serial_context(), adam.get(), wanted, at_step(step));
    }
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_NEAR(target.param.get(i), wanted.param.get(i), 1e-14) << i;
      EXPECT_NEAR(target.slots[0]->get(i), d0 * wanted.slots[0]->get(i), 1e-16) << i;
    }
  }
}

/// The sums run over all tensors: cutting one into two changes d by rounding alone.
TEST(prodigy, estimates_d_from_all_tensors) {
  const auto rule = make_rule("prodigy", {{"d0", 1e-3}});
  auto whole = make_target(rule.get());
  std::vector<parameter> parts = {make_parameter("prodigy", rule.get(), 20, wide),
                                  make_parameter("prodigy", rule.get(), 50, wide)};
  const auto copy = [&](number_array parameter::*array) {
    for (std::size_t i = 0; i < count; ++i) {
      ((i < 20 ? parts[0] : parts[1]).*array).set(i < 20 ? i : i - 20, (whole.*array).get(i));
    }
  };
  copy(&parameter::param);
  copy(&parameter::grad);
  for (parameter& part : parts) part.start_slots_as_param(rule.get());
  for (std::uint64_t step = 1; step <= 8; ++step) {
    apply_one(serial_context(), rule.get(), whole, at_step(step));
    apply_together(serial_context(), rule.get(), parts, at_step(step));
    EXPECT_NEAR(d_of(parts[0]) / d_of(whole), 1, 1e-12);
  }
  EXPECT_GT(d_of(whole), 1e-3);
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_NEAR(parts[0].param.get(i), whole.param.get(i), 1e-13) << i;
  }
}

TEST(prodigy, stops_when_all_gradients_have_been_zero) {
  const auto rule = make_rule("prodigy", {{"weight_decay", 0.5}});
  std::vector<parameter> list = {make_target(rule.get()), make_target(rule.get())};
  for (parameter& each : list) each.grad.fill(0);
  const auto before = list;
  EXPECT_EQ(apply_together(serial_context(), rule.get(), list, at_step(1)).is_stopped, 1);
  for (std::size_t i = 0; i < 2; ++i) expect_same_bits(list[i].snapshot(), before[i].snapshot());
  // One gradient that is not 0 is enough.
  list[1].grad.set(count - 1, 1e-3);
  EXPECT_EQ(apply_together(serial_context(), rule.get(), list, at_step(1)).is_stopped, 0);
  EXPECT_LT(std::abs(list[0].param.get(0)), std::abs(before[0].param.get(0)));
}

}  // namespace
}  // namespace gradstep_test
