// SPDX-License-Identifier: Apache-2.0
//
// Errors that always have the same sign. A bound per element and step misses them: half a unit per
// step, always downwards, is within the bound. So these tests take many steps with random
// gradients, whose rounding errors average out, and compare means.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/context_setup.hpp"
#include "support/number_array.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

constexpr std::uint64_t many_steps = 20'000;

/// Random gradients for many steps from one array: each step starts at another place of the array.
/// While a param's exponent stays the same, its rounding depends on the gradient alone, so many
/// different gradients are needed.
class gradient_pool {
 public:
  gradient_pool(std::int32_t dtype, std::size_t count, double mean)
      : numbers_(dtype, count + places) {
    for (std::size_t i = 0; i < numbers_.size(); ++i) {
      numbers_.set(i, static_cast<float>(mean + random_value(7, i) / 2));
    }
  }
  gradstep_array at_step(std::uint64_t step) { return numbers_.view(step * 1'299'709 % places); }

 private:
  static constexpr std::size_t places = 2'097'143;  // a prime
  number_array numbers_;
};

double mean(const number_array& numbers) {
  double sum = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) sum += numbers.get(i);
  return sum / static_cast<double>(numbers.size());
}

// ---- Weight decay -----------------------------------------------------------------------------

/// The params of two tensors with the same start and opposite gradients. Their mean can only decay.
struct pair_of_tensors {
  parameter up, down;
};

void take_steps(const std::string& rule_name, double lr, double weight_decay, std::uint64_t steps,
                pair_of_tensors& pair) {
  const auto context = make_serial_context();
  const option_values values = {{"lr", lr}, {"weight_decay", weight_decay}};
  const auto down = make_rule(rule_name, values), up = make_rule(rule_name, values);
  EXPECT_EQ(gradstep_rule_set(up.get(), "maximize", 1), GRADSTEP_OK);
  gradient_pool grads(GRADSTEP_FLOAT32, pair.up.param.size(), 0);
  auto up_view = pair.up.view(), down_view = pair.down.view();
  for (std::uint64_t step = 1; step <= steps; ++step) {
    up_view.tensor.grad = down_view.tensor.grad = grads.at_step(step);
    apply_list(context.get(), up.get(), {up_view.tensor}, at_step(step));
    apply_list(context.get(), down.get(), {down_view.tensor}, at_step(step));
  }
}

/// The mean decays by lr weight_decay per step, to 1 %. `count`: so many elements that the random
/// walk of rounding, 0.3 units per step, averages out.
void expect_decay(const std::string& rule_name, double lr, double weight_decay, std::size_t count) {
  SCOPED_TRACE(rule_name + ", lr " + std::to_string(lr) + ", lr weight_decay 1e" +
               std::to_string(std::log10(lr * weight_decay)));
  const double rate = lr * weight_decay;
  const auto steps = std::min(many_steps, static_cast<std::uint64_t>(0.5 / rate));
  const auto rule = make_rule(rule_name);
  pair_of_tensors pair{make_parameter(rule_name, rule.get(), count, {}),
                       make_parameter(rule_name, rule.get(), count, {})};
  for (std::size_t i = 0; i < count; ++i) {
    const double start = static_cast<float>(0.9 + random_value(3, i) / 64);
    pair.up.param.set(i, start);
    pair.down.param.set(i, start);
  }
  const double before = mean(pair.up.param);
  take_steps(rule_name, lr, weight_decay, steps, pair);
  const double after = (mean(pair.up.param) + mean(pair.down.param)) / 2;
  const double wanted = static_cast<double>(steps) * std::log1p(-rate);
  EXPECT_NEAR(std::log(after / before) / wanted, 1, 0.01);
}

TEST(bias, decoupled_decay_shrinks_the_mean_by_lr_weight_decay) {
  expect_decay("adamw", 0.01, 1, 512);
  expect_decay("adamw", 1e-3, 1e-2, 512);
  expect_decay("adamw", 1e-4, 1e-3, 512);
  expect_decay("adamw", 1e-5, 1e-2, 512);
  expect_decay("adamw", 1e-4, 1e-4, 4096);
  expect_decay("adamw", 1e-5, 1e-4, 16384);
}

TEST(bias, the_smallest_decoupled_decay) {
#if defined(GRADSTEP_EMULATED)
  GTEST_SKIP() << "ten thousand million element steps, too many for an emulator";
#endif
  expect_decay("adamw", 1e-5, 1e-5, 262'144);
}

TEST(bias, coupled_decay_shrinks_the_mean_by_lr_weight_decay) {
  expect_decay("sgd", 0.01, 0.1, 512);
  expect_decay("sgd", 1e-4, 1e-2, 512);
  expect_decay("sgd", 1e-4, 1e-4, 8192);
}

// ---- Moving averages and sums -----------------------------------------------------------------

/// A rule with one decay, and the tensor that it steps.
struct decay_case {
  std::string rule_name;
  option_values values;
  double decay;
  matrix_shape shape;
};

bool starts_as_param(const std::string& rule_name, std::size_t slot) {
  return describe_slot(rule_name, slot).start == GRADSTEP_START_PARAM;
}

parameter make_start(const decay_case& of, const gradstep_rule* rule, std::int32_t dtype) {
  constexpr std::size_t count = 256;
  return make_parameter(of.rule_name, rule, count, {dtype, dtype}, 0, of.shape);
}

/// Takes many steps.
parameter run_steps(const decay_case& of, const gradstep_rule* rule, std::int32_t dtype) {
  parameter target = make_start(of, rule, dtype);
  const auto names = slot_names_of(of.rule_name);
  for (std::size_t s = 0; s < names.size(); ++s) {
    if (!target.slots[s] || starts_as_param(of.rule_name, s)) continue;
    // About the value that the slot keeps. rmsprop's variance is then well above 0.
    target.slots[s]->fill(names[s] == "momentum_buffer" ? static_cast<float>(1 / (1 - of.decay))
                          : names[s] == "square_avg"    ? 2
                                                        : 1);
  }
  const auto context = make_serial_context();
  static gradient_pool narrow(GRADSTEP_FLOAT32, target.param.size(), 1),
      wide(GRADSTEP_FLOAT64, target.param.size(), 1);
  gradient_pool& grads = dtype == GRADSTEP_FLOAT32 ? narrow : wide;
  auto view = target.view();
  auto options = at_step(0);
  options.scalars = target.shared_scalars.empty() ? nullptr : target.shared_scalars.data();
  options.scalar_count = target.shared_scalars.size();
  for (std::uint64_t step = 1; step <= many_steps; ++step) {
    view.tensor.grad = grads.at_step(step);
    options.step = 1'000'000 + step;
    apply_list(context.get(), rule, {view.tensor}, options);
  }
  return target;
}

/// A float32 array of params has moved by as much as a float64 one, to 1 % of the mean.
void expect_same_move(const number_array& narrow, const number_array& narrow_start,
                      const number_array& wide, const number_array& wide_start) {
  const double moved = mean(wide) - mean(wide_start);
  EXPECT_NEAR(mean(narrow) - mean(narrow_start), moved, 0.01 * std::abs(moved));
}

/// The means of float32 and float64 agree to 1 % of what the slot has forgotten in these steps.
void expect_unbiased(const decay_case& of) {
  SCOPED_TRACE(of.rule_name + " " + to_text(of.values));
  const auto rule = make_rule(of.rule_name, of.values);
  const auto narrow = run_steps(of, rule.get(), GRADSTEP_FLOAT32);
  const auto wide = run_steps(of, rule.get(), GRADSTEP_FLOAT64);
  const auto narrow_start = make_start(of, rule.get(), GRADSTEP_FLOAT32).param;
  const auto wide_start = make_start(of, rule.get(), GRADSTEP_FLOAT64).param;
  const double forgotten = std::min(1.0, static_cast<double>(many_steps) * (1 - of.decay));
  const auto names = slot_names_of(of.rule_name);
  for (std::size_t s = 0; s < names.size(); ++s) {
    if (!narrow.slots[s]) continue;
    SCOPED_TRACE(names[s]);
    if (starts_as_param(of.rule_name, s)) {
      expect_same_move(*narrow.slots[s], narrow_start, *wide.slots[s], wide_start);
      continue;
    }
    const double wanted = mean(*wide.slots[s]);
    EXPECT_NEAR(mean(*narrow.slots[s]), wanted, 0.01 * forgotten * std::abs(wanted));
  }
  // With averages of no more than one gradient, the variance is rounding errors around 0.
  const bool is_centered = has_hyperparameter(of.rule_name, "centered");
  if (is_centered && of.decay < 0.1) return;
  SCOPED_TRACE("param");
  expect_same_move(narrow.param, narrow_start, wide.param, wide_start);
}

/// Flat, and a matrix if the rule keeps numbers of rows or columns.
std::vector<matrix_shape> shapes_of(const std::string& rule_name) {
  std::vector<matrix_shape> shapes = {{}};
  for (std::size_t s = 0; s < describe_rule(rule_name).slot_count && shapes.size() == 1; ++s) {
    if (describe_slot(rule_name, s).extent != GRADSTEP_EXTENT_ELEMENT) shapes.push_back({16, 16});
  }
  return shapes;
}

class bias_of_decays : public testing::TestWithParam<std::string> {};

/// Each decay in [0, 1) of each rule. At 1 - 2.5e-7, float32 is 4 units below 1, not 4.2.
TEST_P(bias_of_decays, averages_and_sums_forget_as_much_as_they_should) {
  const std::string& rule_name = GetParam();
  for (const auto& info : hyperparameters_of(rule_name)) {
    const bool is_decay = info.kind == GRADSTEP_REAL && info.minimum == 0 && info.maximum == 1 &&
                          info.flags == GRADSTEP_MAXIMUM_EXCLUDED;
    if (!is_decay) continue;
    for (const double decay : {0.0, 1e-3, 0.3, 0.9, 0.999, 0.99999, 1 - 7.6e-7, 1 - 2.5e-7}) {
      option_values values = {{"lr", 1e-4}, {info.name, decay}};
      if (has_hyperparameter(rule_name, "centered")) values.emplace_back("centered", 1);
      // prodigy's d, a factor of its averages, stays at d0 then, and beta3 does not follow beta2.
      if (has_hyperparameter(rule_name, "d_coef")) {
        values.insert(values.begin(), {{"d0", 1}, {"d_coef", 1e-12}, {"beta3", 0.9}});
      }
      for (const auto& shape : shapes_of(rule_name)) {
        expect_unbiased({rule_name, values, decay, shape});
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, bias_of_decays, testing::ValuesIn(rule_names()), rule_as_test_name);

}  // namespace
}  // namespace gradstep_test
