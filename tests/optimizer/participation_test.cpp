// SPDX-License-Identifier: Apache-2.0
//
// Which tensors take part in a step. Frozen tensors, tensors without a gradient, and tensors that
// are added later do not.
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
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/test_paths.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

/// Stateless steps of adam on one tensor, which has a step count of its own.
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

/// Tensor 0 takes part in every step, 1 is frozen in some, 2 is added late, 3 has no gradient in
/// some, 4 never has one.
TEST(participation, gives_each_tensor_a_step_count_of_its_own) {
  const auto context = make_context(split_options(2));
  const auto adam = make_rule("adam");
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), "all", adam.get());
  std::vector<plain_tensor> tensors(5, plain_tensor(70));
  std::vector<by_hand> wanted;
  for (std::size_t i = 0; i < 5; ++i) wanted.emplace_back(context.get());
  std::size_t at[5];
  const auto add = [&](std::size_t i) {
    auto tensor = tensors[i].tensor();
    if (i == 4) tensor.grad.data = nullptr;
    at[i] = add_tensor(optimizer.get(), 0, "tensor " + std::to_string(i), tensor);
  };
  for (const std::size_t i : {4, 0, 1, 3}) add(i);
  for (std::uint64_t round = 1; round <= 8; ++round) {
    if (round == 4) add(2);
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

TEST(participation, of_a_frozen_tensor_leaves_its_gradient_alone) {
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

TEST(participation, of_no_tensor_is_a_step) {
  const auto context = make_serial_context();
  const auto optimizer = make_optimizer(context.get());
  EXPECT_EQ(step(optimizer.get()).piece_count, 0U);
  EXPECT_EQ(describe(optimizer.get()).step_count, 1U);
}

TEST(participation, of_two_groups_is_one_parallel_region_each) {
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

/// PyTorch's trace of tensors that miss steps or are added late, recorded by
/// tests/golden/record_late_tensor.py.
TEST(participation, follows_pytorch) {
  std::ifstream file(golden_file("late_tensor.json"));
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

}  // namespace
}  // namespace gradstep_test
