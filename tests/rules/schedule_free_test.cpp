// SPDX-License-Identifier: Apache-2.0
//
// What follows from schedule-free AdamW's formula: which params are averaged, and its transforms.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "rules/tracked.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {
namespace {

constexpr char name[] = "schedule_free_adamw";
constexpr std::size_t count = 163;
constexpr dtypes wide = {GRADSTEP_FLOAT64, GRADSTEP_FLOAT64};

void transform(const gradstep_rule* rule, parameter& target, const char* which,
               const gradstep_context* context = serial_context()) {
  const auto view = target.view();
  expect_ok(gradstep_transform(context, rule, &view.tensor, 1, which));
}

/// The weighted means of z after each step are the params that "evaluate" gives. weight(t): of z
/// after step t.
template <class Weight>
void expect_averages(const option_values& values, const Weight& weight) {
  const auto rule = make_rule(name, values);
  auto target = make_parameter(name, rule.get(), count, wide);
  std::vector<double> sums(count);
  double total = 0;
  for (std::uint64_t step = 1; step <= 12; ++step) {
    target.set_random_gradient(step);
    apply_one(serial_context(), rule.get(), target, at_step(step));
    total += weight(static_cast<double>(step));
    auto evaluated = target;
    transform(rule.get(), evaluated, "evaluate");
    for (std::size_t i = 0; i < count; ++i) {
      sums[i] += weight(static_cast<double>(step)) * target.slots[0]->get(i);
      EXPECT_NEAR(evaluated.param.get(i), sums[i] / total, 1e-14) << "step " << step;
    }
  }
}

TEST(schedule_free, evaluates_to_the_mean_of_plain_params) {
  expect_averages({{"lr", 0.05}}, [](double) { return 1; });
  expect_averages({{"lr", 0.05}, {"beta1", 0.5}, {"weight_decay", 0.1}}, [](double) { return 1; });
}

TEST(schedule_free, weights_grow_with_the_step_and_the_rate) {
  expect_averages({{"lr", 0.05}, {"r", 2}}, [](double t) { return t * t; });
  const auto warm = [](double t) { return std::pow(std::fmin(t / 5, 1), 3); };
  expect_averages({{"lr", 0.05}, {"warmup_steps", 5}, {"weight_lr_power", 3}}, warm);
}

TEST(schedule_free, z_takes_the_steps_of_adam_without_momentum) {
  const auto rule = make_rule(name, {{"lr", 0.05}});
  const auto adam = make_rule("adam", {{"lr", 0.05}, {"beta1", 0}});
  auto target = make_parameter(name, rule.get(), count, wide);
  auto wanted = make_parameter("adam", adam.get(), count, wide);
  run_steps(serial_context(), rule.get(), target, 5);
  run_steps(serial_context(), adam.get(), wanted, 5);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_NEAR(target.slots[0]->get(i), wanted.param.get(i), 1e-15) << i;
  }
}

TEST(schedule_free, zero_gradients_change_nothing) {
  const auto rule = make_rule(name, {{"lr", 0.05}});
  auto target = make_parameter(name, rule.get(), count, {});
  target.grad.fill(0);
  const auto before = target.param;
  for (std::uint64_t step = 1; step <= 3; ++step) {
    apply_one(serial_context(), rule.get(), target, at_step(step));
  }
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(target.param.bits(i), before.bits(i)) << i;
}

TEST(schedule_free, a_rate_of_zero_averages_nothing) {
  const auto rule = make_rule(name, {{"lr", 0}});
  auto target = make_parameter(name, rule.get(), count, {});
  const auto before = target.param;
  run_steps(serial_context(), rule.get(), target);
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(target.param.bits(i), before.bits(i)) << i;
}

// ---- Transforms -------------------------------------------------------------------------------

/// p + factor (z - p) of numbers that are exact before, in units of the larger of the result and
/// the change.
template <class T>
void expect_near_exact(const parameter& before, const parameter& after, double factor) {
  using wide_number = typename tracked<T>::wide;
  for (std::size_t i = 0; i < count; ++i) {
    const wide_number p = before.param.get(i), z = before.slots[0]->get(i);
    const wide_number change = wide_number(factor) * (z - p), exact = p + change;
    const auto unit = error_unit<T>(std::max(std::abs(exact), std::abs(change)));
    EXPECT_LE(std::abs(after.param.get(i) - exact), default_error_units * unit) << i;
    EXPECT_EQ(after.slots[0]->bits(i), before.slots[0]->bits(i));
  }
}

TEST(schedule_free, transforms_are_exact_to_rounding) {
  for (const std::string& isa : available_isas()) {
    const auto context = make_serial_context(isa.c_str());
    for (const dtypes types : same_dtypes) {
      SCOPED_TRACE(isa + " " + to_text(types));
      const auto rule = make_rule(name, {{"beta1", 0.9}, {"lr", 0.1}});
      auto target = make_parameter(name, rule.get(), count, types);
      run_steps(context.get(), rule.get(), target, 4);
      for (const auto& [which, factor] : {std::pair{"evaluate", 1 - 1 / 0.9}, {"train", 1 - 0.9}}) {
        const auto before = target;
        transform(rule.get(), target, which, context.get());
        if (types.param == GRADSTEP_FLOAT32) {
          expect_near_exact<float>(before, target, factor);
        } else {
          expect_near_exact<double>(before, target, factor);
        }
      }
    }
  }
}

TEST(schedule_free, transforms_alternate) {
  const auto rule = make_rule(name);
  auto target = make_parameter(name, rule.get(), count, {});
  run_steps(serial_context(), rule.get(), target);
  auto view = target.view();
  const auto options = at_step(4);
  expect_failure(gradstep_transform(serial_context(), rule.get(), &view.tensor, 1, "train"),
                 GRADSTEP_WRONG_ORDER, {"train"});
  transform(rule.get(), target, "evaluate");
  const auto evaluated = target.snapshot();
  expect_failure(gradstep_transform(serial_context(), rule.get(), &view.tensor, 1, "evaluate"),
                 GRADSTEP_WRONG_ORDER, {"evaluate"});
  expect_failure(gradstep_apply(serial_context(), rule.get(), &view.tensor, 1, &options, nullptr),
                 GRADSTEP_WRONG_ORDER, {"is_evaluated"});
  EXPECT_EQ(target.snapshot(), evaluated);
  transform(rule.get(), target, "train");
  apply_one(serial_context(), rule.get(), target, options);
}

}  // namespace
}  // namespace gradstep_test
