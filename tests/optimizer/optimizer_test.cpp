// SPDX-License-Identifier: Apache-2.0
//
// An optimizer gives the bits of the stateless calls that it is made of.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/schedule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

// From 4096 elements on the library stores slots in the 8-bit type that is wanted.
constexpr std::size_t counts[] = {5, 300, 4500};

storage stored_as(storage how, std::size_t count) {
  if (is_blocked(how.slot) && count < 4096) how.slot = GRADSTEP_FLOAT32;
  return how;
}

/// Parameters for the stateless calls, and their twins for the optimizer.
struct twins {
  twins(const gradstep_rule* rule, const std::string& rule_name, const storage& how) {
    for (std::size_t i = 0; i < std::size(counts); ++i) {
      const storage stored = stored_as(how, counts[i]);
      stateless.emplace_back(rule, rule_name, stored, counts[i], 10 * i + 1);
      owned.emplace_back(rule, rule_name, stored, counts[i], 10 * i + 1);
    }
  }
  void set_gradients(std::uint64_t step) {
    for (auto& each : stateless) each.set_gradient(step);
    for (auto& each : owned) each.set_gradient(step);
  }
  /// With keys, so that random rounding is the same wherever a tensor stands.
  std::vector<stored_view> keyed_views(std::vector<stored_parameter>& list) {
    auto views = views_of(list);
    for (std::size_t i = 0; i < views.size(); ++i) views[i].tensor.key = 77 + i;
    return views;
  }
  void expect_same(const gradstep_optimizer* optimizer, const std::string& rule_name) {
    const auto slots = slot_names_of(rule_name);
    for (std::size_t i = 0; i < stateless.size(); ++i) {
      for (std::size_t s = 0; s < slots.size(); ++s) {
        if (stateless[i].slots[s]) {
          expect_same_array(optimizer, i, slots[s], *stateless[i].slots[s]);
        }
        owned[i].slots[s].reset();
        if (stateless[i].slots[s]) owned[i].slots[s] = *stateless[i].slots[s];
      }
      expect_same_bits(owned[i].snapshot(), stateless[i].snapshot());
    }
  }

  std::vector<stored_parameter> stateless, owned;
};

gradstep_optimizer_options optimizer_options(const gradstep_apply_options& from) {
  auto options = sized<gradstep_optimizer_options>();
  options.flags = from.flags & ~std::uint64_t{GRADSTEP_APPLY_GRAD_SCALE};
  options.max_norm = from.max_norm;
  options.max_value = from.max_value;
  options.average_decay = from.average_decay;
  options.seed = from.seed;
  return options;
}

gradstep_step_options step_options(const gradstep_apply_options& from) {
  auto options = sized<gradstep_step_options>();
  if ((from.flags & GRADSTEP_APPLY_GRAD_SCALE) != 0) options.flags |= GRADSTEP_STEP_GRAD_SCALE;
  options.grad_scale = from.grad_scale;
  return options;
}

std::int32_t wanted_slot_dtype(const storage& how) {
  return how.slot == GRADSTEP_FLOAT64 ? 0 : how.slot;
}

void expect_same_result(const gradstep_apply_result& got, const gradstep_apply_result& wanted) {
  EXPECT_EQ(got.non_finite_count, wanted.non_finite_count);
  EXPECT_EQ(got.grad_norm, wanted.grad_norm);
  EXPECT_EQ(got.clip_factor, wanted.clip_factor);
  EXPECT_EQ(got.is_skipped, wanted.is_skipped);
}

/// How a step is run.
enum class manner { all_at_once, inspected, tensor_by_tensor, norm_given };

gradstep_apply_result run_step(gradstep_optimizer* optimizer, gradstep_step_options options,
                               manner how, const gradstep_apply_result& known) {
  const double scale = (options.flags & GRADSTEP_STEP_GRAD_SCALE) != 0 ? options.grad_scale : 1;
  const std::size_t last = describe(optimizer).tensor_count - 1;
  if (how == manner::inspected || how == manner::tensor_by_tensor) {
    options.flags |= GRADSTEP_STEP_INSPECTED;
    expect_ok(gradstep_optimizer_inspect(optimizer, last, scale));
    expect_ok(gradstep_optimizer_inspect(optimizer, GRADSTEP_ALL_TENSORS, scale));
  }
  if (how == manner::all_at_once || how == manner::inspected) return step(optimizer, options);
  if (how == manner::norm_given) {
    options.flags |= GRADSTEP_STEP_GRAD_NORM;
    options.grad_norm = known.grad_norm;
    options.non_finite_count = known.non_finite_count;
  }
  expect_ok(gradstep_optimizer_begin_step(optimizer, &options));
  for (std::size_t i = last + 1; i-- > 0;) expect_ok(gradstep_optimizer_step_tensor(optimizer, i));
  auto result = sized<gradstep_apply_result>();
  expect_ok(gradstep_optimizer_end_step(optimizer, &result));
  return result;
}

class optimizer_of : public testing::TestWithParam<std::string> {
 protected:
  void run(const storage& how, manner manner) {
    const auto rule = make_rule(GetParam(), richest_options(GetParam()));
    twins both(rule.get(), GetParam(), how);
    const auto serial = make_serial_context();
    const auto split = make_context(split_options(3));
    const auto all_options = apply_options(all_flags | how.flags);
    const auto optimizer = make_optimizer(split.get(), optimizer_options(all_options));
    auto group = group_options("all", rule.get());
    group.slot_dtype = wanted_slot_dtype(how);
    add_group(optimizer.get(), group);
    const auto views = both.keyed_views(both.owned);
    for (std::size_t i = 0; i < views.size(); ++i) {
      add_tensor(optimizer.get(), 0, "tensor " + std::to_string(i), without_slots(views[i].tensor));
    }
    std::uint64_t t = 1;
    for (std::uint64_t round = 1; round <= 5; ++round) {
      both.set_gradients(round);
      // The third is skipped.
      if (round == 3) {
        for (auto* list : {&both.stateless, &both.owned}) {
          (*list)[1].grad.narrow(std::vector<double>(counts[1], INFINITY));
        }
      }
      auto options = all_options;
      options.step = t;
      const auto wanted =
          apply_views(serial.get(), rule.get(), both.keyed_views(both.stateless), options);
      expect_same_result(run_step(optimizer.get(), step_options(options), manner, wanted), wanted);
      EXPECT_EQ(wanted.is_skipped, round == 3);
      if (wanted.is_skipped == 0) ++t;
      both.expect_same(optimizer.get(), GetParam());
      if (HasFailure()) return;
    }
    EXPECT_EQ(describe(optimizer.get()).step_count, 4U);
    EXPECT_EQ(describe(optimizer.get()).skipped_count, 1U);
    EXPECT_EQ(describe_tensor(optimizer.get(), 1).step_count, 4U);
  }
};

TEST_P(optimizer_of, every_storage_has_the_bits_of_stateless_calls) {
  for (const auto& how : full_storages()) {
    SCOPED_TRACE(to_text(how));
    run(how, manner::all_at_once);
    if (HasFailure()) return;
  }
}

TEST_P(optimizer_of, every_manner_of_stepping_has_the_same_bits) {
  const storage storages[] = {
      {},
      {.param = GRADSTEP_FLOAT64, .grad = GRADSTEP_FLOAT32, .slot = GRADSTEP_FLOAT64},
      {.param = GRADSTEP_BFLOAT16,
       .grad = GRADSTEP_BFLOAT16,
       .slot = GRADSTEP_UNSIGNED8,
       .has_average = true,
       .flags = GRADSTEP_APPLY_STOCHASTIC_PARAM},
      {.param = GRADSTEP_FLOAT16,
       .grad = GRADSTEP_FLOAT16,
       .slot = GRADSTEP_FLOAT16,
       .flags = GRADSTEP_APPLY_STOCHASTIC_PARAM}};
  for (const auto& how : storages) {
    for (const manner each : {manner::inspected, manner::tensor_by_tensor, manner::norm_given}) {
      SCOPED_TRACE(to_text(how) + " manner " + std::to_string(static_cast<int>(each)));
      run(how, each);
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(rules, optimizer_of, testing::ValuesIn(rule_names()), rule_as_test_name);

// ---- Groups -----------------------------------------------------------------------------------

TEST(optimizer, two_groups_are_two_optimizers) {
  const auto context = make_context(split_options(2));
  const auto adam = make_rule("adam", {{"lr", 0.1}}), sgd = make_rule("sgd", {{"momentum", 0.9}});
  const auto cosine = make_schedule("cosine", {{"total_steps", 6}});
  auto first = group_options("first", adam.get()), second = group_options("second", sgd.get());
  first.schedule = cosine.get();
  second.flags = GRADSTEP_GROUP_LR_SCALE;
  second.lr_scale = 3;
  // In turns, so that neither group's tensors stand together.
  std::vector<plain_tensor> together(4, plain_tensor(200)), apart(4, plain_tensor(200));
  const auto both = make_optimizer(context.get());
  const auto one = make_optimizer(context.get()), other = make_optimizer(context.get());
  add_group(both.get(), first);
  add_group(both.get(), second);
  add_group(one.get(), first);
  add_group(other.get(), second);
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string name = "tensor " + std::to_string(i);
    add_tensor(both.get(), i % 2, name, together[i].tensor());
    add_tensor(i % 2 == 0 ? one.get() : other.get(), 0, name, apart[i].tensor());
  }
  for (std::uint64_t round = 0; round < 8; ++round) {
    for (std::size_t i = 0; i < 4; ++i) {
      together[i].set_gradient(10 * round + i);
      apart[i].set_gradient(10 * round + i);
    }
    step(both.get());
    step(one.get());
    step(other.get());
    for (std::size_t i = 0; i < 4; ++i) expect_same_bits(together[i].bits(), apart[i].bits());
  }
}

TEST(optimizer, clips_by_the_norm_over_all_groups) {
  const auto context = make_serial_context();
  const auto sgd = make_rule("sgd", {{"lr", 1}});
  auto options = sized<gradstep_optimizer_options>();
  options.flags = GRADSTEP_APPLY_MAX_NORM;
  options.max_norm = 2.5;
  const auto optimizer = make_optimizer(context.get(), options);
  plain_tensor a(1, GRADSTEP_FLOAT64), b(1, GRADSTEP_FLOAT64);
  a.param.set(0, 0);
  b.param.set(0, 0);
  a.grad.set(0, 3);
  b.grad.set(0, 4);
  add_tensor(optimizer.get(), add_group(optimizer.get(), "a", sgd.get()), "a", a.tensor());
  add_tensor(optimizer.get(), add_group(optimizer.get(), "b", sgd.get()), "b", b.tensor());
  const auto result = step(optimizer.get());
  EXPECT_EQ(result.grad_norm, 5);
  EXPECT_DOUBLE_EQ(result.clip_factor, 2.5 / (5 + 1e-6));
  EXPECT_DOUBLE_EQ(a.param.get(0), -3 * result.clip_factor);
  EXPECT_DOUBLE_EQ(b.param.get(0), -4 * result.clip_factor);
  EXPECT_EQ(describe(optimizer.get()).grad_norm, 5);
}

TEST(optimizer, follows_the_schedule_by_its_own_count) {
  const auto context = make_serial_context();
  const auto sgd = make_rule("sgd", {{"lr", 1}});
  const auto linear = make_schedule("linear", {{"total_steps", 4}});
  auto options = group_options("all", sgd.get());
  options.schedule = linear.get();
  options.flags = GRADSTEP_GROUP_LR_SCALE;
  options.lr_scale = 0.5;
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), options);
  plain_tensor a(1, GRADSTEP_FLOAT64);
  add_tensor(optimizer.get(), 0, "a", a.tensor());
  a.grad.set(0, 1);
  for (int t = 0; t < 6; ++t) {
    double wanted = 0;
    expect_ok(gradstep_schedule_lr(linear.get(), 1, t, &wanted));
    EXPECT_EQ(describe_group(optimizer.get(), 0).lr, 0.5 * wanted);
    EXPECT_TRUE(std::isnan(describe_group(optimizer.get(), 0).momentum));
    const double before = a.param.get(0);
    step(optimizer.get());
    EXPECT_EQ(a.param.get(0), before - 0.5 * wanted);
  }
  EXPECT_STREQ(describe_group(optimizer.get(), 0).schedule_name, "linear");
  expect_ok(gradstep_optimizer_set_schedule(optimizer.get(), 0, nullptr));
  EXPECT_EQ(describe_group(optimizer.get(), 0).schedule_name, nullptr);
  EXPECT_EQ(describe_group(optimizer.get(), 0).lr, 0.5);
}

TEST(optimizer, a_schedule_drives_momentum) {
  const auto context = make_serial_context();
  for (const char* rule_name : {"sgd", "adamw"}) {
    const auto rule = make_rule(rule_name, {{"lr", 0.1}});
    const auto one_cycle =
        make_schedule("one_cycle", {{"total_steps", 10}, {"drives_momentum", 1}});
    auto options = group_options("all", rule.get());
    options.schedule = one_cycle.get();
    const auto optimizer = make_optimizer(context.get());
    add_group(optimizer.get(), options);
    plain_tensor own(50);
    add_tensor(optimizer.get(), 0, "a", own.tensor());
    const auto driven = make_rule(rule_name, {{"lr", 0.1}});
    const char* momentum_name = std::string_view(rule_name) == "sgd" ? "momentum" : "beta1";
    expect_ok(gradstep_rule_set(driven.get(), momentum_name, 0.5));
    auto stateless = make_parameter(rule_name, driven.get(), 50, {});
    for (std::uint64_t t = 1; t <= 5; ++t) {
      double lr = 0, momentum = 0;
      expect_ok(gradstep_schedule_lr(one_cycle.get(), 0.1, static_cast<double>(t - 1), &lr));
      expect_ok(gradstep_schedule_momentum(one_cycle.get(), static_cast<double>(t - 1), &momentum));
      EXPECT_EQ(describe_group(optimizer.get(), 0).momentum, momentum);
      expect_ok(gradstep_rule_set(driven.get(), "lr", lr));
      expect_ok(gradstep_rule_set(driven.get(), momentum_name, momentum));
      for (std::size_t i = 0; i < 50; ++i) {
        own.grad.set(i, random_value(t, i));
        stateless.grad.set(i, random_value(t, i));
      }
      step(optimizer.get());
      apply_one(context.get(), driven.get(), stateless, at_step(t));
      for (std::size_t i = 0; i < 50; ++i) ASSERT_EQ(own.param.bits(i), stateless.param.bits(i));
    }
  }
}

TEST(optimizer, a_plateau_holds_the_base_rate) {
  const auto context = make_serial_context();
  const auto sgd = make_rule("sgd", {{"lr", 1}});
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), "watched", sgd.get());
  add_group(optimizer.get(), "other", sgd.get());
  auto plateau = make_plateau(0.5);
  plateau.patience = 0;
  expect_ok(gradstep_optimizer_set_plateau(optimizer.get(), 0, &plateau));
  EXPECT_EQ(describe_group(optimizer.get(), 0).lr, 0.5);
  std::size_t reduced = 7;
  expect_ok(gradstep_optimizer_report_metric(optimizer.get(), 1, &reduced));
  EXPECT_EQ(reduced, 0U);
  expect_ok(gradstep_optimizer_report_metric(optimizer.get(), 2, &reduced));
  EXPECT_EQ(reduced, 1U);
  EXPECT_EQ(describe_group(optimizer.get(), 0).lr, 0.5 * 0.1);
  EXPECT_EQ(describe_group(optimizer.get(), 1).lr, 1);
  // The rate is one, whoever sets it.
  expect_ok(gradstep_optimizer_set_hyperparameter(optimizer.get(), 0, "lr", 0.25));
  expect_ok(gradstep_optimizer_get_plateau(optimizer.get(), 0, &plateau));
  EXPECT_EQ(plateau.lr, 0.25);
  EXPECT_EQ(plateau.best, 1);
  expect_ok(gradstep_optimizer_set_plateau(optimizer.get(), 0, nullptr));
  expect_ok(gradstep_optimizer_report_metric(optimizer.get(), 3, &reduced));
  EXPECT_EQ(reduced, 0U);
  EXPECT_EQ(describe_group(optimizer.get(), 0).lr, 0.25);
}

}  // namespace
}  // namespace gradstep_test
