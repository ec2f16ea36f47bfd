// SPDX-License-Identifier: Apache-2.0
//
// The state of an optimizer's tensors: who owns it, how it starts, when it is allocated, and which
// random numbers round it.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"

namespace gradstep_test {
namespace {

TEST(optimizer_state, of_the_caller_is_used) {
  const auto context = make_serial_context();
  const auto rule = make_rule("adam");
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), "all", rule.get());
  auto own = make_parameter("adam", rule.get(), 40, {});
  auto wanted = make_parameter("adam", rule.get(), 40, {});
  {
    const auto view = own.view();  // the arrays outlive this view
    add_tensor(optimizer.get(), 0, "a", view.tensor);
  }
  EXPECT_EQ(describe(optimizer.get()).state_bytes, 0U);
  for (std::uint64_t t = 1; t <= 3; ++t) {
    own.set_random_gradient(t);
    wanted.set_random_gradient(t);
    step(optimizer.get());
    apply_one(context.get(), rule.get(), wanted, at_step(t));
  }
  expect_same_bits(own.snapshot(), wanted.snapshot());
}

TEST(optimizer_state, starts_at_the_rules_initial_values) {
  const auto context = make_context(split_options(2));
  const auto rule = make_rule("adagrad", {{"initial_accumulator_value", 0.375}});
  for (const std::int32_t dtype : slot_dtypes) {
    for (const std::size_t count : {std::size_t{3}, std::size_t{200001}}) {
      auto options = group_options("all", rule.get());
      options.slot_dtype = dtype;
      const auto optimizer = make_optimizer(context.get());
      add_group(optimizer.get(), options);
      plain_tensor a(count);
      add_tensor(optimizer.get(), 0, "a", a.tensor());
      const auto sums = read_array(optimizer.get(), 0, "sum");
      ASSERT_EQ(sums.size(), count);
      for (const double each : sums) ASSERT_EQ(each, 0.375) << dtype;
      const auto layout = slot_layout(rule.get(), 0, a.tensor(), dtype);
      EXPECT_EQ(describe(optimizer.get()).state_bytes, layout.bytes + layout.extra_bytes);
    }
  }
}

TEST(optimizer_state, that_is_large_starts_at_zero) {
  const auto context = make_context(split_options(2));
  const auto rule = make_rule("adam");
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), "all", rule.get());
  plain_tensor a(3'000'001);
  add_tensor(optimizer.get(), 0, "a", a.tensor());
  for (const char* name : {"exp_avg", "exp_avg_sq"}) {
    const auto array = get_array(optimizer.get(), 0, name);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(array.data) % 64, 0U);
    for (const double each : read_array(optimizer.get(), 0, name)) ASSERT_EQ(each, 0);
  }
  EXPECT_EQ(describe(optimizer.get()).state_bytes, 8 * a.param.size());
}

TEST(optimizer_state, is_allocated_when_a_hyperparameter_needs_it) {
  const auto context = make_serial_context();
  const auto sgd = make_rule("sgd", {{"lr", 0.5}});
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), "all", sgd.get());
  plain_tensor a(9), b(9);
  add_tensor(optimizer.get(), 0, "a", a.tensor());
  add_tensor(optimizer.get(), 0, "b", b.tensor());
  step(optimizer.get());
  EXPECT_EQ(describe(optimizer.get()).state_bytes, 0U);
  expect_ok(gradstep_optimizer_set_hyperparameter(optimizer.get(), 0, "momentum", 0.5));
  EXPECT_EQ(describe(optimizer.get()).state_bytes, sizeof(float) * 2 * 9);
  const double gradient = a.grad.get(4), before = a.param.get(4);
  step(optimizer.get());
  EXPECT_EQ(read_array(optimizer.get(), 0, "momentum_buffer")[4], gradient);
  EXPECT_FLOAT_EQ(static_cast<float>(a.param.get(4)), static_cast<float>(before - 0.5 * gradient));
  double value = 0;
  expect_ok(gradstep_optimizer_get_hyperparameter(optimizer.get(), 0, "momentum", &value));
  EXPECT_EQ(value, 0.5);
}

void check_random_rounding_follows_the_name(std::int32_t param_dtype) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd", {{"lr", 0.01}});
  const storage how{.param = param_dtype, .flags = GRADSTEP_APPLY_STOCHASTIC_PARAM};
  const auto run = [&](const std::vector<std::string>& names) {
    auto options = sized<gradstep_optimizer_options>();
    options.flags = how.flags;
    const auto optimizer = make_optimizer(context.get(), options);
    add_group(optimizer.get(), "all", rule.get());
    std::vector<stored_parameter> parameters;
    for (std::size_t i = 0; i < names.size(); ++i) {
      parameters.emplace_back(rule.get(), "sgd", how, 200);
    }
    auto views = views_of(parameters);
    for (std::size_t i = 0; i < names.size(); ++i) {
      add_tensor(optimizer.get(), 0, names[i], without_slots(views[i].tensor));
    }
    step(optimizer.get());
    std::vector<std::vector<std::uint64_t>> bits;
    bits.reserve(parameters.size());
    for (auto& each : parameters) bits.push_back(each.snapshot());
    return bits;
  };
  const auto forward = run({"a", "b"}), backward = run({"b", "a"});
  EXPECT_EQ(forward[0], backward[1]);
  EXPECT_EQ(forward[1], backward[0]);
  EXPECT_NE(forward[0], forward[1]);
}

TEST(optimizer_state, is_rounded_by_the_tensors_name_whatever_the_order) {
  check_random_rounding_follows_the_name(GRADSTEP_BFLOAT16);
  check_random_rounding_follows_the_name(GRADSTEP_FLOAT16);
}

}  // namespace
}  // namespace gradstep_test
