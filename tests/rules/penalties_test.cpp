// SPDX-License-Identifier: Apache-2.0
//
// The L1 penalty and decay after the step against plain loops, and what neither may change.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {
namespace {

constexpr std::size_t count = 300;
constexpr std::uint64_t steps = 6;
constexpr dtypes float64 = {GRADSTEP_FLOAT64, GRADSTEP_FLOAT64};

class l1_penalty : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, l1_penalty, testing::ValuesIn(rule_names()), rule_as_test_name);

double sign_of(double x) { return x > 0 ? 1 : x < 0 ? -1 : 0; }

/// Steps with the penalty, and steps without it whose gradients the test has penalised.
TEST_P(l1_penalty, is_added_to_the_gradient) {
  for (const option_values& others : {option_values{}, richest_options(GetParam())}) {
    auto values = others;
    // The test adds the penalty to the gradient as it is.
    std::erase_if(values, [](const auto& value) { return value.first == "maximize"; });
    const auto plain = make_rule(GetParam(), values);
    values.emplace_back("l1_penalty", 0.25);
    const auto penalised = make_rule(GetParam(), values);
    auto got = make_parameter(GetParam(), penalised.get(), count, float64);
    for (const std::size_t zero : {7U, 250U}) got.param.set(zero, zero == 7 ? 0.0 : -0.0);
    got.start_slots_as_param(penalised.get());
    for (std::uint64_t step = 1; step <= steps; ++step) {
      got.set_random_gradient(step);
      auto wanted = got;
      for (std::size_t i = 0; i < count; ++i) {
        wanted.grad.set(i, wanted.grad.get(i) + 0.25 * sign_of(wanted.param.get(i)));
      }
      apply_one(serial_context(), penalised.get(), got, at_step(step));
      apply_one(serial_context(), plain.get(), wanted, at_step(step));
      expect_same_bits(got.snapshot(), wanted.snapshot());
    }
  }
}

/// Scaling, clipping by value and maximize come first.
TEST(l1_penalty_of_sgd, comes_after_scaling_and_clipping) {
  for (const bool maximizes : {false, true}) {
    const auto rule =
        make_rule("sgd", {{"lr", 0.5}, {"l1_penalty", 4}, {"maximize", maximizes ? 1 : 0}});
    auto target = make_parameter("sgd", rule.get(), 3, float64);
    const double params[] = {8, -8, 0};
    for (std::size_t i = 0; i < 3; ++i) target.param.set(i, params[i]);
    target.grad.fill(100);
    auto options = scaled_step(1, 0.25);
    options.flags |= GRADSTEP_APPLY_MAX_VALUE;
    options.max_value = 2;
    apply_one(serial_context(), rule.get(), target, options);
    const double g = maximizes ? -2 : 2;
    EXPECT_EQ(target.param.get(0), 8 - 0.5 * (g + 4));
    EXPECT_EQ(target.param.get(1), -8 - 0.5 * (g - 4));
    EXPECT_EQ(target.param.get(2), -0.5 * g);
  }
}

TEST(l1_penalty_of_sgd, of_a_nan_is_nan) {
  const auto rule = make_rule("sgd", {{"l1_penalty", 1}});
  auto target = make_parameter("sgd", rule.get(), 100, float64);
  target.param.set(40, std::numeric_limits<double>::quiet_NaN());
  apply_one(serial_context(), rule.get(), target, at_step(1));
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(std::isnan(target.param.get(i)), i == 40);
}

/// adamw by a plain loop in double.
TEST(decay_after_step, of_adamw) {
  const double lr = 0.125, weight_decay = 0.5, beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  const auto rule =
      make_rule("adamw", {{"lr", lr}, {"weight_decay", weight_decay}, {"decay_after_step", 1}});
  auto target = make_parameter("adamw", rule.get(), count, float64);
  std::vector<double> p(count), m(count), v(count);
  for (std::size_t i = 0; i < count; ++i) p[i] = target.param.get(i);
  for (std::uint64_t step = 1; step <= steps; ++step) {
    target.set_random_gradient(step);
    const auto t = static_cast<double>(step);
    for (std::size_t i = 0; i < count; ++i) {
      const double g = target.grad.get(i);
      m[i] = beta1 * m[i] + (1 - beta1) * g;
      v[i] = beta2 * v[i] + (1 - beta2) * g * g;
      const double m_hat = m[i] / (1 - std::pow(beta1, t));
      p[i] -= lr * m_hat / (std::sqrt(v[i] / (1 - std::pow(beta2, t))) + eps);
      p[i] -= lr * weight_decay * p[i];
    }
    apply_one(serial_context(), rule.get(), target, at_step(step));
    for (std::size_t i = 0; i < count; ++i) ASSERT_NEAR(target.param.get(i), p[i], 1e-12);
  }
}

/// The step of nadam without decay, and then the decay.
TEST(decay_after_step, of_nadam) {
  const auto make = [](double weight_decay, double is_after) {
    return make_rule("nadam", {{"lr", 0.25},
                               {"weight_decay", weight_decay},
                               {"decoupled_weight_decay", 1},
                               {"decay_after_step", is_after}});
  };
  const auto plain = make(0, 0), decaying = make(0.5, 1);
  auto got = make_parameter("nadam", decaying.get(), count, float64);
  for (std::uint64_t step = 1; step <= steps; ++step) {
    got.set_random_gradient(step);
    auto wanted = got;
    apply_one(serial_context(), plain.get(), wanted, at_step(step));
    apply_one(serial_context(), decaying.get(), got, at_step(step));
    for (std::size_t i = 0; i < count; ++i) {
      const double p = wanted.param.get(i);
      wanted.param.set(i, std::fma(-0.125, p, p));
    }
    if (fuses(isa_in_use(serial_context()))) expect_same_bits(got.snapshot(), wanted.snapshot());
  }
}

TEST(decay_after_step, needs_decoupled_decay) {
  const auto rule = make_rule("nadam", {{"decay_after_step", 1}});
  expect_failure(gradstep_rule_check(rule.get()), GRADSTEP_INVALID_ARGUMENT,
                 {"decay_after_step = 1 needs decoupled_weight_decay = 1"});
  expect_ok(gradstep_rule_set(rule.get(), "decoupled_weight_decay", 1));
  expect_ok(gradstep_rule_check(rule.get()));
}

/// Without weight decay, the flag changes no bit.
TEST(decay_after_step, without_decay) {
  for (const std::string name : {"adamw", "nadam"}) {
    option_values values = {{"weight_decay", 0}};
    if (name == "nadam") values.emplace_back("decoupled_weight_decay", 1);
    const auto before = make_rule(name, values);
    values.emplace_back("decay_after_step", 1);
    const auto after = make_rule(name, values);
    auto got = make_parameter(name, after.get(), count, {});
    auto wanted = make_parameter(name, before.get(), count, {});
    run_steps(serial_context(), after.get(), got, steps);
    run_steps(serial_context(), before.get(), wanted, steps);
    expect_same_bits(got.snapshot(), wanted.snapshot());
  }
}

}  // namespace
}  // namespace gradstep_test
