// SPDX-License-Identifier: Apache-2.0
//
// Tensors of an optimizer: which take part in a step, and the state that they have.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <map>
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
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

// ---- Who takes part ---------------------------------------------------------------------------

/// Adam by hand on a tensor of its own: what a tensor with its own step count must follow.
struct by_hand {
  explicit by_hand(const gradstep_context* on)
      : context(on), rule(make_rule("adam")), target(make_parameter("adam", rule.get(), 70, {})) {}
  void step(std::uint64_t gradient_seed) {
    for (std::size_t i = 0; i < 70; ++i) target.grad.set(i, random_value(gradient_seed + 1000, i));
    apply_one(context, rule.get(), target, at_step(++t));
  }
  const gradstep_context* context;
  rule_handle rule;
  parameter target;
  std::uint64_t t = 0;
};

TEST(optimizer_tensors, tensors_that_sit_out_or_come_late_count_for_themselves) {
  const auto context = make_context(split_options(2));
  const auto adam = make_rule("adam");
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), "all", adam.get());
  std::vector<plain_tensor> tensors(5, plain_tensor(70));
  std::vector<by_hand> wanted;
  for (std::size_t i = 0; i < 5; ++i) wanted.emplace_back(context.get());
  // 0: always; 1: frozen in some steps; 2: late; 3: no gradient in some; 4: never a gradient.
  const auto add = [&](std::size_t i) {
    auto tensor = tensors[i].tensor();
    if (i == 4) tensor.grad = nullptr;
    return add_tensor(optimizer.get(), 0, "tensor " + std::to_string(i), tensor);
  };
  std::size_t at[5];
  for (const std::size_t i : {std::size_t{4}, std::size_t{0}, std::size_t{1}, std::size_t{3}}) {
    at[i] = add(i);
  }
  for (std::uint64_t round = 1; round <= 8; ++round) {
    if (round == 4) at[2] = add(2);
    const bool is_frozen = round == 2 || round == 3, is_null = round % 3 == 0;
    expect_ok(gradstep_optimizer_set_frozen(optimizer.get(), at[1], is_frozen ? 1 : 0));
    expect_ok(gradstep_optimizer_set_grad(optimizer.get(), at[3],
                                          is_null ? nullptr : tensors[3].grad.data()));
    for (std::size_t i = 0; i < 4; ++i) {
      tensors[i].set_gradient(round);
      const bool sits_out = (i == 1 && is_frozen) || (i == 2 && round < 4) || (i == 3 && is_null);
      if (!sits_out) wanted[i].step(round);
    }
    step(optimizer.get());
    for (std::size_t i = 0; i < 5; ++i) {
      if (i == 2 && round < 4) continue;
      SCOPED_TRACE("round " + std::to_string(round) + " tensor " + std::to_string(i));
      EXPECT_EQ(describe_tensor(optimizer.get(), at[i]).step_count, wanted[i].t);
      for (std::size_t k = 0; k < 70; ++k) {
        ASSERT_EQ(tensors[i].param.bits(k), wanted[i].target.param.bits(k));
      }
    }
  }
  EXPECT_EQ(describe(optimizer.get()).step_count, 8U);
}

TEST(optimizer_tensors, a_frozen_gradient_is_neither_read_nor_zeroed) {
  const auto context = make_serial_context();
  const auto sgd = make_rule("sgd");
  auto options = sized<gradstep_optimizer_options>();
  options.flags = GRADSTEP_APPLY_CHECK_FINITE | GRADSTEP_APPLY_ZERO_GRAD;
  const auto optimizer = make_optimizer(context.get(), options);
  add_group(optimizer.get(), "all", sgd.get());
  plain_tensor a(3), b(3);
  a.grad.fill(nan_value);
  add_tensor(optimizer.get(), 0, "a", a.tensor());
  add_tensor(optimizer.get(), 0, "b", b.tensor());
  expect_ok(gradstep_optimizer_set_frozen(optimizer.get(), 0, 1));
  const auto before = a.bits();
  EXPECT_EQ(step(optimizer.get()).is_skipped, 0);
  EXPECT_EQ(a.bits(), before);
  EXPECT_TRUE(std::isnan(a.grad.get(1)));
  EXPECT_EQ(b.grad.get(1), 0);
}

TEST(optimizer_tensors, a_step_without_tensors_counts) {
  const auto context = make_serial_context();
  const auto optimizer = make_optimizer(context.get());
  EXPECT_EQ(step(optimizer.get()).piece_count, 0U);
  EXPECT_EQ(describe(optimizer.get()).step_count, 1U);
}

TEST(optimizer_tensors, a_step_of_two_groups_is_two_parallel_regions) {
  const auto context = make_serial_context();
  const auto sgd = make_rule("sgd");
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), "a", sgd.get());
  add_group(optimizer.get(), "b", sgd.get());
  std::vector<plain_tensor> tensors(6, plain_tensor(10));
  for (std::size_t i = 0; i < 6; ++i) {
    add_tensor(optimizer.get(), i % 2, std::to_string(i), tensors[i].tensor());
  }
  EXPECT_EQ(step(optimizer.get()).piece_count, 2U);
}

// A trace of PyTorch's: tests/golden/record_late_tensor.py.
TEST(optimizer_tensors, follow_pytorch_where_they_sit_out_or_come_late) {
  std::ifstream file(GRADSTEP_LATE_TENSOR);
  const auto trace = nlohmann::json::parse(file);
  const auto rule = make_rule(trace["rule"]);
  for (const auto& [name, value] : trace["hyperparameters"].items()) {
    expect_ok(gradstep_rule_set(rule.get(), name.c_str(), value));
  }
  const auto context = make_serial_context();
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), "all", rule.get());
  std::map<std::string, plain_tensor> tensors;
  for (const auto& [name, start] : trace["start"].items()) {
    auto& own = tensors.try_emplace(name, start.size(), GRADSTEP_FLOAT64).first->second;
    for (std::size_t i = 0; i < start.size(); ++i) own.param.set(i, start[i]);
  }
  int step_number = 0, checked = 0;
  for (const auto& recorded : trace["steps"]) {
    ++step_number;
    for (auto& [name, own] : tensors) {
      if (trace["first_step"][name] == step_number) {
        add_tensor(optimizer.get(), 0, name, own.tensor());
      }
      if (trace["first_step"][name] > step_number) continue;
      const auto& grad = recorded[name]["grad"];
      std::size_t index = 0;
      expect_ok(gradstep_optimizer_find_tensor(optimizer.get(), name.c_str(), &index));
      expect_ok(gradstep_optimizer_set_grad(optimizer.get(), index,
                                            grad.is_null() ? nullptr : own.grad.data()));
      for (std::size_t i = 0; i < grad.size(); ++i) own.grad.set(i, grad[i]);
    }
    step(optimizer.get());
    for (auto& [name, own] : tensors) {
      for (std::size_t i = 0; i < own.param.size(); ++i, ++checked) {
        ASSERT_NEAR(own.param.get(i), recorded[name]["param"][i].get<double>(), 1e-12)
            << name << " step " << step_number;
      }
    }
  }
  EXPECT_EQ(checked, 9 * 3 * 5);
}

// ---- State ------------------------------------------------------------------------------------

TEST(optimizer_tensors, state_that_the_caller_owns_is_used) {
  const auto context = make_serial_context();
  const auto rule = make_rule("adam");
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), "all", rule.get());
  auto own = make_parameter("adam", rule.get(), 40, {});
  auto wanted = make_parameter("adam", rule.get(), 40, {});
  {
    const auto view = own.view();  // its arrays of pointers end here, the arrays do not
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

TEST(optimizer_tensors, state_starts_at_the_rule_s_initial_values) {
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
      auto storage = sized<gradstep_storage_info>();
      expect_ok(gradstep_slot_storage("adagrad", 0, dtype, count, &storage));
      EXPECT_EQ(describe(optimizer.get()).state_bytes, storage.bytes + 4 * storage.scale_count);
    }
  }
}

TEST(optimizer_tensors, large_state_starts_at_zero) {
  const auto context = make_context(split_options(2));
  const auto rule = make_rule("adam");
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), "all", rule.get());
  plain_tensor a(3'000'001);
  add_tensor(optimizer.get(), 0, "a", a.tensor());
  for (const char* name : {"exp_avg", "exp_avg_sq"}) {
    auto array = sized<gradstep_array>();
    expect_ok(gradstep_optimizer_get_array(optimizer.get(), 0, name, &array));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(array.data) % 64, 0U);
    for (const double each : read_array(optimizer.get(), 0, name)) ASSERT_EQ(each, 0);
  }
  EXPECT_EQ(describe(optimizer.get()).state_bytes, 8 * a.param.size());
}

TEST(optimizer_tensors, a_hyper_parameter_that_needs_a_slot_allocates_it) {
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

TEST(optimizer_tensors, random_rounding_follows_the_name_not_the_order) {
  check_random_rounding_follows_the_name(GRADSTEP_BFLOAT16);
  check_random_rounding_follows_the_name(GRADSTEP_FLOAT16);
}

}  // namespace
}  // namespace gradstep_test
