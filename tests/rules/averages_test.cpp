// SPDX-License-Identifier: Apache-2.0
//
// Moving averages at the ends of their range: no past at all, nothing but the past, and gradients
// whose squares are too large for their type.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "support/comparison.hpp"
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

/// What a slot holds after steps with these gradients, the same for every element.
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

/// The library's average of the param after two steps that move it from 1e8 to 3.
double average_after(const gradstep_context* context, std::int32_t dtype, double decay,
                     double second_param) {
  const auto rule = make_rule("sgd", {{"lr", 1}});
  auto target = make_parameter("sgd", rule.get(), count, {dtype, dtype});
  number_array average(dtype, count);
  auto view = target.view();
  view.tensor.average = average.data();
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

/// One gradient whose square is beyond the range, then ordinary ones.
class huge_gradient : public testing::TestWithParam<std::string> {};

TEST_P(huge_gradient, does_not_freeze_its_element) {
  const std::string& rule_name = GetParam();
  for_every_isa_and_dtype([&](const gradstep_context* context, std::int32_t dtype) {
    option_values values = {{"lr", 0.1}};
    for (const auto& info : hyperparameters_of(rule_name)) {
      const bool is_decay = info.kind == GRADSTEP_REAL && info.maximum == 1 &&
                            (info.flags & GRADSTEP_MAXIMUM_EXCLUDED) != 0;
      // So short that the past is forgotten within the test.
      if (is_decay) values.emplace_back(info.name, info.default_value == 0 ? 0 : 0.5);
    }
    const auto rule = make_rule(rule_name, values);
    auto target = make_parameter(rule_name, rule.get(), count, {dtype, dtype});
    target.grad.fill(dtype == GRADSTEP_FLOAT32 ? 1e30 : 1e200);
    apply_one(context, rule.get(), target, at_step(1));
    for (const auto& slot : target.slots) {
      EXPECT_TRUE(!slot || std::isfinite(slot->get(0))) << rule_name;
    }
    target.grad.fill(1);
    target.param.fill(1);
    std::uint64_t step = 2;
    for (; step < 3000; ++step) apply_one(context, rule.get(), target, at_step(step));
    // A sum of squares never forgets; the others move again.
    const double moved = 1 - target.param.get(0);
    EXPECT_TRUE(std::isfinite(moved)) << rule_name;
    EXPECT_GE(moved, rule_name == "adagrad" ? 0 : 0.5) << rule_name;
  });
}

INSTANTIATE_TEST_SUITE_P(, huge_gradient, testing::ValuesIn(rule_names()), rule_as_test_name);

/// Whatever a slot is stored in can hold it.
TEST(huge_gradients, leave_finite_slots_of_every_dtype) {
  const auto context = make_serial_context();
  const auto adamw = make_rule("adamw");
  constexpr std::size_t size = 8192;
  for (const std::int32_t dtype : {GRADSTEP_FLOAT32, GRADSTEP_BFLOAT16, GRADSTEP_SIGNED8}) {
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

// ---- Momentum that begins later ---------------------------------------------------------------

constexpr double rate = 0.5, momentum = 0.75, dampening = 0.5;

/// PyTorch's: the buffer is the gradient in the first step that uses it, whichever step that is.
std::vector<double> reference_params(const std::vector<double>& momenta) {
  std::vector<double> params;
  double param = 0, buffer = 0;
  bool has_buffer = false;
  for (std::size_t step = 1; step <= momenta.size(); ++step) {
    const double g = static_cast<double>(step), mu = momenta[step - 1];
    double change = g;
    if (mu != 0) {
      buffer = has_buffer ? mu * buffer + (1 - dampening) * g : g;
      has_buffer = true;
      change = buffer;
    }
    params.push_back(param -= rate * change);
  }
  return params;
}

std::vector<double> optimizer_params(const std::vector<double>& momenta, bool owns_slots) {
  const auto context = make_serial_context();
  const auto sgd = make_rule("sgd", {{"lr", rate}, {"dampening", dampening}});
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), "all", sgd.get());
  plain_tensor a(3);
  a.param.fill(0);
  number_array buffer(GRADSTEP_FLOAT32, 3);
  buffer.fill(0);
  void* slots[] = {buffer.data()};
  auto t = a.tensor();
  if (!owns_slots) {
    t.slots = slots;
    t.slot_count = 1;
  }
  add_tensor(optimizer.get(), 0, "a", t);
  std::vector<double> params;
  for (std::size_t i = 1; i <= momenta.size(); ++i) {
    expect_ok(
        gradstep_optimizer_set_hyperparameter(optimizer.get(), 0, "momentum", momenta[i - 1]));
    a.grad.fill(static_cast<double>(i));
    step(optimizer.get());
    params.push_back(a.param.get(0));
  }
  return params;
}

TEST(momentum, begins_undamped_whenever_it_is_switched_on) {
  const std::vector<std::vector<double>> runs = {
      {momentum, momentum, momentum, momentum},
      {0, 0, momentum, momentum, momentum},
      {0, 0, momentum, 0, momentum, momentum},
      {momentum, 0, 0, momentum, momentum},
  };
  for (const auto& momenta : runs) {
    for (const bool owns_slots : {true, false}) {
      EXPECT_EQ(optimizer_params(momenta, owns_slots), reference_params(momenta));
    }
  }
}

/// Tensors that came later, or sat steps out, begin at steps of their own.
TEST(momentum, begins_undamped_for_each_tensor) {
  const auto context = make_serial_context();
  const auto sgd = make_rule("sgd", {{"lr", rate}, {"dampening", dampening}});
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), "all", sgd.get());
  plain_tensor first(3), late(3);
  for (plain_tensor* each : {&first, &late}) each->param.fill(0);
  add_tensor(optimizer.get(), 0, "first", first.tensor());
  const std::vector<double> momenta = {0, 0, momentum, momentum, momentum};
  for (std::size_t i = 1; i <= momenta.size(); ++i) {
    expect_ok(
        gradstep_optimizer_set_hyperparameter(optimizer.get(), 0, "momentum", momenta[i - 1]));
    if (i == 2) add_tensor(optimizer.get(), 0, "late", late.tensor());
    if (i == 3) expect_ok(gradstep_optimizer_set_frozen(optimizer.get(), 1, 1));
    if (i == 4) expect_ok(gradstep_optimizer_set_frozen(optimizer.get(), 1, 0));
    for (plain_tensor* each : {&first, &late}) each->grad.fill(static_cast<double>(i));
    step(optimizer.get());
  }
  EXPECT_EQ(first.param.get(0), reference_params(momenta).back());
  const double buffer = momentum * 4 + dampening * 5;
  EXPECT_EQ(late.param.get(0), -rate * (2 + 4 + buffer));
}

TEST(momentum, begins_undamped_in_a_stateless_step_that_says_so) {
  const auto context = make_serial_context();
  const auto rule =
      make_rule("sgd", {{"lr", rate}, {"momentum", momentum}, {"dampening", dampening}});
  auto target = make_parameter("sgd", rule.get(), 3, {});
  for (const bool is_fresh : {true, false}) {
    target.param.fill(0);
    target.slots[0]->fill(0);
    target.grad.fill(3);
    auto options = at_step(3);
    if (is_fresh) options.flags = GRADSTEP_APPLY_FRESH_SLOTS;
    apply_one(context.get(), rule.get(), target, options);
    EXPECT_EQ(target.param.get(0), is_fresh ? -rate * 3 : -rate * dampening * 3);
  }
}

// ---- A group that stands still ----------------------------------------------------------------

TEST(lr_scale, of_zero_means_zero) {
  const auto context = make_serial_context();
  const auto adamw = make_rule("adamw", {{"weight_decay", 0.5}});
  for (const double zero : {0.0, -0.0, std::ldexp(1e-200, -900)}) {
    const auto optimizer = make_optimizer(context.get());
    auto still = group_options("still", adamw.get()), moves = group_options("moves", adamw.get());
    still.flags = GRADSTEP_GROUP_LR_SCALE;
    still.lr_scale = zero;
    add_group(optimizer.get(), still);
    add_group(optimizer.get(), moves);
    plain_tensor a(count), b(count);
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
