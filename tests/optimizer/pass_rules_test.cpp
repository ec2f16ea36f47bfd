// SPDX-License-Identifier: Apache-2.0
//
// An optimizer with rules that have passes, scalars and transforms gives the bits of stateless
// calls, over groups and tensors of all sizes and shapes.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "step/mixed_list.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

/// A list for stateless calls, and an optimizer with its twin.
class twin_lists {
 public:
  twin_lists(const gradstep_context* context, const rule_case& c, storage how,
             const std::vector<tensor_size>& sizes, std::size_t group_count = 1)
      : rule(make_rule(c.rule_name, c.values)), name_(c.rule_name) {
    how.is_laid_out = true;
    stateless = make_mixed_list(rule.get(), c.rule_name, how, sizes);
    owned = stateless;
    auto options = sized<gradstep_optimizer_options>();
    options.flags = how.flags;
    options.seed = rounding_seed;
    optimizer = make_optimizer(context, options);
    for (std::size_t g = 0; g < group_count; ++g) {
      const std::string name = std::string("group ").append(std::to_string(g));
      auto group = group_options(name.c_str(), rule.get());
      if (how.slot != GRADSTEP_FLOAT64) group.slot_dtype = how.slot;
      add_group(optimizer.get(), group);
    }
    for (std::size_t i = 0; i < owned.size(); ++i) {
      auto view = owned[i].view();
      view.tensor.key = i + 1;
      add_tensor(optimizer.get(), i % group_count, numbered_name(i), without_slots(view.tensor));
    }
  }

  void set_gradients(std::uint64_t step) {
    for (auto* list : {&stateless, &owned}) {
      for (auto& each : *list) each.set_gradient(step);
    }
  }

  void expect_same() {
    const auto slots = slot_names_of(name_);
    for (std::size_t i = 0; i < owned.size(); ++i) {
      SCOPED_TRACE("tensor " + std::to_string(i));
      if (owned[i].size() == 0) continue;
      for (std::size_t s = 0; s < slots.size(); ++s) {
        if (!stateless[i].slots[s]) continue;
        expect_same_array(optimizer.get(), i, slots[s], *stateless[i].slots[s]);
        owned[i].slots[s] = stateless[i].slots[s];
      }
      owned[i].scalars = read_scalars(optimizer.get(), i, GRADSTEP_SCOPE_TENSOR);
      owned[i].shared_scalars = read_scalars(optimizer.get(), i, GRADSTEP_SCOPE_ALL);
      expect_same_bits(owned[i].snapshot(), stateless[i].snapshot());
    }
  }

  rule_handle rule;
  std::vector<stored_parameter> stateless, owned;
  optimizer_handle optimizer;

 private:
  std::string name_;
};

const std::vector<tensor_size> sizes = {{70 * 40, {70, 40}}, {5, {}},
                                        {70001, {}},         {0, {2, 3}},
                                        {40 * 35, {7, 5}},   {2 * 35000, {7, 5000}}};

void check_steps(const rule_case& c, const storage& how, std::size_t group_count,
                 bool is_tensor_by_tensor) {
  SCOPED_TRACE(case_as_text(c) + to_text(how) + " groups " + std::to_string(group_count));
  const auto split = make_context(split_options(3));
  twin_lists both(split.get(), c, how, sizes, group_count);
  for (std::uint64_t t = 1; t <= 3; ++t) {
    both.set_gradients(t);
    apply_stored(serial_context(), both.rule.get(), both.stateless, apply_options(how.flags, t));
    if (is_tensor_by_tensor) {
      expect_ok(gradstep_optimizer_begin_step(both.optimizer.get(), nullptr));
      for (std::size_t i = sizes.size(); i-- > 0;) {
        expect_ok(gradstep_optimizer_step_tensor(both.optimizer.get(), i));
      }
      expect_ok(gradstep_optimizer_end_step(both.optimizer.get(), nullptr));
    } else {
      step(both.optimizer.get());
    }
    both.expect_same();
    if (testing::Test::HasFailure()) return;
  }
}

std::vector<storage> storages() {
  return {{},
          {.param = GRADSTEP_FLOAT64, .grad = GRADSTEP_FLOAT64, .slot = GRADSTEP_FLOAT64},
          {.param = GRADSTEP_BFLOAT16,
           .grad = GRADSTEP_FLOAT16,
           .slot = GRADSTEP_E5M3_B256,
           .copy = GRADSTEP_FLOAT16,
           .flags = GRADSTEP_APPLY_ZERO_GRAD | GRADSTEP_APPLY_STOCHASTIC_PARAM}};
}

TEST(pass_rules, of_an_optimizer_have_the_bits_of_stateless_calls) {
  for (const auto& c : rule_cases()) {
    for (const auto& how : storages()) {
      // Several groups: sums over all tensors are over all groups, in the order of adding.
      for (const std::size_t groups : {1U, 2U}) check_steps(c, how, groups, false);
      if (!has_shared_scalars(c.rule_name)) check_steps(c, how, 1, true);
      if (testing::Test::HasFailure()) return;
    }
  }
}

/// Tensors that have taken fewer steps than others are in another batch.
TEST(pass_rules, a_sum_over_all_is_over_tensors_of_every_step_count) {
  const rule_case c = rule_cases().back();
  twin_lists both(serial_context(), c, {}, {{300, {}}, {200, {}}});
  gradstep_optimizer* const o = both.optimizer.get();
  expect_ok(gradstep_optimizer_set_frozen(o, 0, 1));
  step(o);
  expect_ok(gradstep_optimizer_set_frozen(o, 0, 0));
  const double first = read_scalars(o, 0, GRADSTEP_SCOPE_ALL)[2];
  step(o);
  EXPECT_EQ(describe_tensor(o, 0).step_count, 1U);
  EXPECT_EQ(describe_tensor(o, 1).step_count, 2U);
  const auto scalars = read_scalars(o, 0, GRADSTEP_SCOPE_ALL);
  EXPECT_NE(scalars[2], first);
  EXPECT_EQ(scalars, read_scalars(o, 1, GRADSTEP_SCOPE_ALL));
}

TEST(pass_rules, groups_that_share_a_sum_need_equal_hyperparameters) {
  const rule_case c = rule_cases().back();
  twin_lists both(serial_context(), c, {}, {{300, {}}, {200, {}}}, 2);
  gradstep_optimizer* const o = both.optimizer.get();
  expect_ok(gradstep_optimizer_set_hyperparameter(o, 1, "lr", 0.25));  // may differ
  step(o);
  expect_ok(gradstep_optimizer_set_hyperparameter(o, 1, "d_coef", 2));
  const auto before = everything_in(o);
  expect_failure(gradstep_optimizer_step(o, nullptr, nullptr), GRADSTEP_INVALID_ARGUMENT,
                 {"d_coef", "group 0", "group 1", "1 and 2", "prodigy"});
  EXPECT_EQ(everything_in(o), before);
  expect_ok(gradstep_optimizer_set_hyperparameter(o, 0, "d_coef", 2));
  step(o);
}

/// A rule that stops stops the whole step, other groups too.
TEST(pass_rules, a_stopped_step_changes_nothing) {
  for (const bool is_zeroed : {false, true}) {
    const auto prodigy = make_rule("prodigy"), adamw = make_rule("adamw");
    auto options = sized<gradstep_optimizer_options>();
    if (is_zeroed) options.flags = GRADSTEP_APPLY_ZERO_GRAD;
    const auto optimizer = make_optimizer(serial_context(), options);
    gradstep_optimizer* const o = optimizer.get();
    add_group(o, "prodigy", prodigy.get());
    add_group(o, "adamw", adamw.get());
    plain_tensor a(300), b(300);
    a.grad.fill(0);
    add_tensor(o, 0, "a", a.tensor());
    add_tensor(o, 1, "b", b.tensor());
    const auto before = everything_in(o);
    const auto result = step(o);
    EXPECT_EQ(result.is_stopped, 1);
    EXPECT_EQ(result.is_skipped, 0);
    EXPECT_EQ(everything_in(o), before);
    EXPECT_EQ(b.grad.get(7) == 0, is_zeroed);
    expect_ok(gradstep_optimizer_accumulate(o, 0, 1));
    EXPECT_EQ(step(o).is_stopped, 1);
    EXPECT_EQ(describe_tensor(o, 0).accumulate_count, 0U);
    a.set_gradient(3);
    EXPECT_EQ(step(o).is_stopped, 0);
    EXPECT_EQ(describe_tensor(o, 1).step_count, 1U);
    EXPECT_EQ(describe(o).step_count, 1U);
  }
}

TEST(pass_rules, scalars_that_two_tensors_share_are_refused) {
  const auto rule = make_rule("nadam");
  stored_parameter first(rule.get(), "nadam", {}, 300), second = first;
  const auto optimizer = make_optimizer(serial_context());
  add_group(optimizer.get(), "all", rule.get());
  const auto first_view = first.view();
  add_tensor(optimizer.get(), 0, "first", first_view.tensor);
  const auto view = second.view();
  auto tensor = view.tensor;
  tensor.scalars = first.scalars.data();
  expect_failure(gradstep_optimizer_add_tensor(optimizer.get(), 0, "second", &tensor, nullptr),
                 GRADSTEP_INVALID_ARGUMENT, {"scalars", "\"first\""});
  add_tensor(optimizer.get(), 0, "second", view.tensor);
}

TEST(pass_rules, scalars_of_the_caller_are_used) {
  const auto rule = make_rule("nadam");
  stored_parameter target(rule.get(), "nadam", {}, 300), wanted = target;
  const auto optimizer = make_optimizer(serial_context());
  add_group(optimizer.get(), "all", rule.get());
  const auto view = target.view();
  add_tensor(optimizer.get(), 0, "a", view.tensor);
  EXPECT_EQ(describe(optimizer.get()).state_bytes, 0U);
  for (std::uint64_t t = 1; t <= 3; ++t) {
    step(optimizer.get());
    apply_stored(serial_context(), rule.get(), wanted, apply_options(0, t));
  }
  expect_same_bits(target.snapshot(), wanted.snapshot());
  double value = 0;
  expect_ok(gradstep_optimizer_get_scalar(optimizer.get(), 0, "mu_product", &value));
  EXPECT_EQ(value, target.scalars[0]);
  expect_failure(gradstep_optimizer_get_scalar(optimizer.get(), 0, "mu", &value),
                 GRADSTEP_UNKNOWN_NAME, {"\"mu\"", "nadam"});
  expect_failure(gradstep_optimizer_get_scalar(optimizer.get(), 1, "mu_product", &value),
                 GRADSTEP_OUT_OF_RANGE, {"tensor"});
  expect_failure(gradstep_optimizer_get_scalar(optimizer.get(), 0, nullptr, &value),
                 GRADSTEP_INVALID_ARGUMENT, {"name"});
  expect_failure(gradstep_optimizer_get_scalar(optimizer.get(), 0, "mu_product", nullptr),
                 GRADSTEP_INVALID_ARGUMENT, {"value"});
}

}  // namespace
}  // namespace gradstep_test
