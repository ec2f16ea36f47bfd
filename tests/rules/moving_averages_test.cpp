// SPDX-License-Identifier: Apache-2.0
//
// Moving averages at both ends of their decay: 0 keeps nothing of the past, 1 keeps the past alone.
// And gradients whose squares overflow.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/number_array.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {
namespace {

constexpr std::size_t count = 163;

/// The value of a slot, the same for every element, after one step per gradient.
double slot_after(const gradstep_context* context, const std::string& rule_name,
                  const option_values& values, std::int32_t dtype, const std::string& slot,
                  const std::vector<double>& grads) {
  const auto rule = make_rule(rule_name, values);
  auto target = make_parameter(rule_name, rule.get(), count, {dtype, dtype});
  for (std::size_t step = 1; step <= grads.size(); ++step) {
    target.grad.fill(grads[step - 1]);
    apply_one(context, rule.get(), target, at_step(step));
  }
  const auto names = slot_names_of(rule_name);
  const auto at = std::find(names.begin(), names.end(), slot) - names.begin();
  const auto& values_now = *target.slots[static_cast<std::size_t>(at)];
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(values_now.bits(i), values_now.bits(0)) << i;
  return values_now.get(0);
}

template <class Body>
void for_every_isa_and_dtype(const Body& body) {
  for (const std::string& isa : available_isas()) {
    const auto context = make_serial_context(isa.c_str());
    for (const std::int32_t dtype : {GRADSTEP_FLOAT32, GRADSTEP_FLOAT64}) {
      SCOPED_TRACE(isa + (dtype == GRADSTEP_FLOAT64 ? " float64" : " float32"));
      body(context.get(), dtype);
    }
  }
}

TEST(moving_averages, a_decay_of_0_keeps_nothing_of_the_past) {
  const struct {
    const char* rule;
    option_values values;
    const char* slot;
    bool is_of_squares;
  } cases[] = {
      {"adam", {{"beta1", 0}}, "exp_avg", false},
      {"adamw", {{"beta1", 0}}, "exp_avg", false},
      {"adam", {{"beta2", 0}}, "exp_avg_sq", true},
      {"adamw", {{"beta2", 0}}, "exp_avg_sq", true},
      {"rmsprop", {{"alpha", 0}}, "square_avg", true},
      {"rmsprop", {{"alpha", 0}, {"centered", 1}}, "grad_avg", false},
      {"adadelta", {{"rho", 0}}, "square_avg", true},
  };
  for_every_isa_and_dtype([&](const gradstep_context* context, std::int32_t dtype) {
    for (const auto& [rule, values, slot, is_of_squares] : cases) {
      for (const double past : {1e8, -1e16, 1e-30}) {
        SCOPED_TRACE(std::string(rule) + " " + slot + " after " + std::to_string(past));
        EXPECT_EQ(slot_after(context, rule, values, dtype, slot, {past, 3}), is_of_squares ? 9 : 3);
      }
    }
  });
}

/// The average of the param after two steps: one at 1e8, one at `second_param`.
double average_after(const gradstep_context* context, std::int32_t dtype, double decay,
                     double second_param) {
  const auto rule = make_rule("sgd", {{"lr", 1}});
  auto target = make_parameter("sgd", rule.get(), count, {dtype, dtype});
  number_array average(dtype, count);
  auto view = target.view();
  view.tensor.average = average.view();
  auto options = at_step(1);
  options.flags = GRADSTEP_APPLY_AVERAGE;
  options.average_decay = decay;
  for (const double param : {1e8, second_param}) {
    target.param.fill(param);
    target.grad.fill(0);
    apply_list(context, rule.get(), {view.tensor}, options);
    ++options.step;
  }
  for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(average.bits(i), average.bits(0)) << i;
  return average.get(0);
}

TEST(moving_averages, of_the_param_at_both_ends) {
  for_every_isa_and_dtype([](const gradstep_context* context, std::int32_t dtype) {
    EXPECT_EQ(average_after(context, dtype, 0, 3), 3);
    EXPECT_EQ(average_after(context, dtype, 1, 3), 1e8);
    EXPECT_EQ(average_after(context, dtype, 1, std::numeric_limits<double>::infinity()), 1e8);
    EXPECT_EQ(average_after(context, dtype, 0.5, 0), 5e7);
  });
}

/// One gradient whose square overflows, then ordinary ones.
class huge_gradient : public testing::TestWithParam<std::string> {};

/// Values with which a rule forgets the huge gradient within the test.
option_values forgetful_values(const std::string& rule_name) {
  option_values values = {{"lr", 0.1}};
  for (const auto& info : hyperparameters_of(rule_name)) {
    const bool is_decay = info.kind == GRADSTEP_REAL && info.maximum == 1 &&
                          (info.flags & GRADSTEP_MAXIMUM_EXCLUDED) != 0;
    if (is_decay) values.emplace_back(info.name, info.default_value == 0 ? 0 : 0.5);
    // An exponent of t in the weight of what is new.
    if (info.maximum == 0) values.emplace_back(info.name, -0.1);
  }
  return values;
}

void expect_no_freezing(const gradstep_context* context, const std::string& rule_name,
                        std::int32_t dtype, matrix_shape shape) {
  const auto rule = make_rule(rule_name, forgetful_values(rule_name));
  auto target = make_parameter(rule_name, rule.get(), count, {dtype, dtype}, 0, shape);
  target.grad.fill(dtype == GRADSTEP_FLOAT32 ? 1e30 : 1e200);
  apply_one(context, rule.get(), target, at_step(1));
  for (const auto& slot : target.slots) {
    EXPECT_TRUE(!slot || std::isfinite(slot->get(0))) << rule_name;
  }
  target.grad.fill(1);
  target.param.fill(1);
  target.start_slots_as_param(rule.get());
  std::uint64_t step = 2;
  for (; step < 3000; ++step) apply_one(context, rule.get(), target, at_step(step));
  // Adagrad's sum of squares never forgets. The other rules' params move again.
  const double moved = 1 - target.param.get(0);
  EXPECT_TRUE(std::isfinite(moved)) << rule_name;
  EXPECT_GE(moved, rule_name == "adagrad" ? 0 : 0.5) << rule_name;
}

TEST_P(huge_gradient, does_not_freeze_its_element) {
  const bool sums = sums_before_it_updates(make_rule(GetParam()).get());
  for_every_isa_and_dtype([&](const gradstep_context* context, std::int32_t dtype) {
    expect_no_freezing(context, GetParam(), dtype, {});
    if (!sums) return;
    expect_no_freezing(context, GetParam(), dtype, {1, count});
    expect_no_freezing(context, GetParam(), dtype, {count, 1});
  });
}

INSTANTIATE_TEST_SUITE_P(, huge_gradient, testing::ValuesIn(rule_names()), rule_as_test_name);

/// Every dtype of a slot can hold the square of the largest gradient.
TEST(huge_gradients, leave_finite_slots_of_every_dtype) {
  const auto context = make_serial_context();
  const auto adamw = make_rule("adamw");
  constexpr std::size_t size = 8192;
  for (const std::int32_t dtype : {GRADSTEP_FLOAT32, GRADSTEP_BFLOAT16, GRADSTEP_S1E4M3_B256}) {
    const auto optimizer = make_optimizer(context.get());
    auto group = group_options("all", adamw.get());
    group.slot_dtype = dtype;
    add_group(optimizer.get(), group);
    plain_tensor a(size);
    a.grad.fill(3e38);
    add_tensor(optimizer.get(), 0, "a", a.tensor());
    step(optimizer.get());
    for (const double v : read_array(optimizer.get(), 0, "exp_avg_sq")) {
      ASSERT_TRUE(std::isfinite(v) && v > 1e38) << dtype_text(dtype) << ": " << v;
    }
  }
}

}  // namespace
}  // namespace gradstep_test
