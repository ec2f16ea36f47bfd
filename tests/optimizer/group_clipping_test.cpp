// SPDX-License-Identifier: Apache-2.0
//
// Groups that are clipped by the norm of their own gradients.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "optimizer/optimizer_misuse.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

constexpr double infinite_norm = std::numeric_limits<double>::infinity();

/// Tensors of two groups, in turn: those with an even index are of group 0. Several of the norm's
/// blocks of 16384 elements.
const std::vector<std::size_t> tensor_counts = {40'000, 163, 7, 20'000, 0, 1};

gradstep_optimizer_options options_of(std::uint64_t flags, double max_norm = 0) {
  auto options = sized<gradstep_optimizer_options>();
  options.flags = flags;
  options.max_norm = max_norm;
  return options;
}

struct two_group_model {
  explicit two_group_model(const gradstep_context* context,
                           const gradstep_optimizer_options& options = options_of(0),
                           const char* rule_name = "sgd")
      : optimizer(make_optimizer(context, options)) {
    const auto rule = make_rule(rule_name, {{"lr", 0.5}});
    for (const char* name : {"even", "odd"}) add_group(get(), name, rule.get());
    for (const std::size_t count : tensor_counts) {
      tensors.emplace_back(count, GRADSTEP_FLOAT32, tensors.size());
    }
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      add_tensor(get(), i % 2, numbered_name(i), tensors[i].tensor());
    }
  }
  gradstep_optimizer* get() const { return optimizer.get(); }
  void clip(std::size_t group, double max_norm) {
    expect_ok(gradstep_optimizer_set_group_max_norm(get(), group, max_norm));
  }
  double grad_norm(std::size_t group) const { return describe_group(get(), group).grad_norm; }
  void set_gradients(std::uint64_t seed) {
    for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].set_gradient(100 * seed + i);
  }
  std::vector<gradstep_tensor> tensors_of(std::size_t group) {
    std::vector<gradstep_tensor> list;
    for (std::size_t i = group; i < tensors.size(); i += 2) list.push_back(tensors[i].tensor());
    return list;
  }
  std::vector<std::vector<std::uint64_t>> bits() const {
    std::vector<std::vector<std::uint64_t>> all;
    for (const auto& each : tensors) all.push_back(each.bits());
    return all;
  }

  optimizer_handle optimizer;
  std::vector<plain_tensor> tensors;
};

/// The same step by gradstep_apply over one group's tensors.
gradstep_apply_result apply_to_group(const gradstep_context* context, two_group_model& m,
                                     std::size_t group, const gradstep_apply_options& options) {
  const auto sgd = make_rule("sgd", {{"lr", 0.5}});
  auto list = m.tensors_of(group);
  const gradstep_array no_slot{};
  for (auto& tensor : list) {
    tensor.slots = &no_slot;
    tensor.slot_count = 1;
  }
  return apply_list(context, sgd.get(), list, options);
}

gradstep_apply_options clipped(std::uint64_t step, double max_norm) {
  auto options = at_step(step);
  options.flags = GRADSTEP_APPLY_MAX_NORM;
  options.max_norm = max_norm;
  return options;
}

double norm_of_all(const gradstep_context* context, two_group_model& m) {
  auto result = sized<gradstep_norm_result>();
  std::vector<gradstep_tensor> list;
  for (auto& each : m.tensors) list.push_back(each.tensor());
  expect_ok(gradstep_gradient_norm(context, list.data(), list.size(), &result));
  return result.norm;
}

// ---- The norm and the factor --------------------------------------------------------------------

TEST(group_clipping, steps_each_group_as_a_stateless_step_of_its_tensors) {
  for (const std::size_t threads : {1, 3}) {
    const auto context = make_context(split_options(threads));
    two_group_model m(context.get()), wanted(context.get());
    m.clip(0, 50);
    m.clip(1, 0.25);
    for (std::uint64_t t = 1; t <= 3; ++t) {
      m.set_gradients(t);
      wanted.set_gradients(t);
      const auto result = step(m.get());
      const auto even = apply_to_group(context.get(), wanted, 0, clipped(t, 50));
      const auto odd = apply_to_group(context.get(), wanted, 1, clipped(t, 0.25));
      EXPECT_EQ(m.bits(), wanted.bits());
      EXPECT_EQ(m.grad_norm(0), even.grad_norm);
      EXPECT_EQ(m.grad_norm(1), odd.grad_norm);
      EXPECT_LT(even.clip_factor, 1);
      EXPECT_LT(odd.clip_factor, even.clip_factor);
      EXPECT_EQ(result.grad_norm, 0);  // the optimizer has no MAX_NORM
      EXPECT_EQ(result.clip_factor, 1);
    }
  }
}

TEST(group_clipping, leaves_the_other_groups_to_the_optimizers_max_norm) {
  const auto context = make_context(split_options(3));
  two_group_model m(context.get(), options_of(GRADSTEP_APPLY_MAX_NORM, 2));
  two_group_model wanted(context.get());
  m.clip(1, 0.25);
  for (std::uint64_t t = 1; t <= 3; ++t) {
    m.set_gradients(t);
    wanted.set_gradients(t);
    const auto result = step(m.get());
    EXPECT_EQ(result.grad_norm, norm_of_all(context.get(), wanted));
    EXPECT_EQ(result.clip_factor, 2 / (result.grad_norm + 1e-6));
    apply_to_group(context.get(), wanted, 0, scaled_step(t, result.clip_factor));
    const auto odd = apply_to_group(context.get(), wanted, 1, clipped(t, 0.25));
    EXPECT_EQ(m.bits(), wanted.bits());
    EXPECT_EQ(m.grad_norm(0), 0);
    EXPECT_EQ(m.grad_norm(1), odd.grad_norm);
    EXPECT_EQ(describe(m.get()).grad_norm, result.grad_norm);
  }
}

TEST(group_clipping, by_an_infinite_norm_only_tells_it) {
  const auto context = make_serial_context();
  two_group_model m(context.get()), wanted(context.get());
  m.clip(0, infinite_norm);
  EXPECT_EQ(describe_group(m.get(), 0).max_norm, infinite_norm);
  EXPECT_EQ(m.grad_norm(0), 0);  // before the first step
  step(m.get());
  step(wanted.get());
  EXPECT_EQ(m.bits(), wanted.bits());
  EXPECT_NEAR(m.grad_norm(0), std::sqrt(40'008 * 4 / 3.0), 2);  // of numbers in [-2, 2]
  m.clip(0, 0);
  EXPECT_EQ(describe_group(m.get(), 0).max_norm, 0);
  EXPECT_GT(m.grad_norm(0), 0);  // of the last step
  step(m.get());
  EXPECT_EQ(m.grad_norm(0), 0);
}

TEST(group_clipping, may_be_set_when_the_group_is_added) {
  const auto context = make_serial_context();
  const auto optimizer = make_optimizer(context.get());
  const auto sgd = make_rule("sgd", {{"lr", 1}});
  auto options = group_options("all", sgd.get());
  options.flags = GRADSTEP_GROUP_MAX_NORM;
  options.max_norm = 2.5;
  add_group(optimizer.get(), options);
  EXPECT_EQ(describe_group(optimizer.get(), 0).max_norm, 2.5);
  plain_tensor pair(2);
  pair.param.fill(0);
  pair.grad.set(0, 3);
  pair.grad.set(1, 4);
  add_tensor(optimizer.get(), 0, "pair", pair.tensor());
  step(optimizer.get());
  EXPECT_NEAR(pair.param.get(0), -1.5, 1e-6);
  EXPECT_NEAR(pair.param.get(1), -2, 1e-6);
  EXPECT_EQ(describe_group(optimizer.get(), 0).grad_norm, 5);
}

/// Other groups and tensors that take no part do not count.
TEST(group_clipping, uses_the_norm_of_the_groups_participants) {
  const auto context = make_serial_context();
  two_group_model m(context.get());
  m.clip(1, 1);
  m.tensors[0].grad.fill(nan_value);
  m.tensors[1].grad.fill(nan_value);
  expect_ok(gradstep_optimizer_set_frozen(m.get(), 1, 1));
  expect_ok(gradstep_optimizer_set_grad(m.get(), 3, nullptr));
  const auto before = m.bits();
  m.tensors[5].grad.fill(4);
  step(m.get());
  EXPECT_EQ(m.grad_norm(1), 4);
  EXPECT_EQ(m.bits()[1], before[1]);
  EXPECT_EQ(m.bits()[3], before[3]);
  EXPECT_TRUE(std::isnan(m.tensors[0].param.get(0)));  // of the group that nothing clips
  EXPECT_FALSE(std::isnan(m.tensors[2].param.get(0)));
  // A gradient that is inspected before its tensor is frozen does not count either.
  expect_ok(gradstep_optimizer_set_frozen(m.get(), 1, 0));
  expect_ok(gradstep_optimizer_inspect(m.get(), GRADSTEP_ALL_TENSORS, 1));
  expect_ok(gradstep_optimizer_set_frozen(m.get(), 1, 1));
  step(m.get(), inspected_step());
  EXPECT_EQ(m.grad_norm(1), 4);
}

/// Without CHECK_FINITE, infinities give the factor 0 and NaNs spoil the group, but no other.
TEST(group_clipping, by_a_norm_that_is_not_finite) {
  for (const double bad : {infinite_norm, nan_value}) {
    const auto context = make_serial_context();
    two_group_model m(context.get()), plain(context.get());
    m.clip(1, 1);
    m.tensors[1].grad.set(0, bad);
    const auto before = m.bits();
    step(m.get());
    step(plain.get());
    EXPECT_EQ(m.bits()[0], plain.bits()[0]);
    if (std::isnan(bad)) {
      EXPECT_TRUE(std::isnan(m.grad_norm(1)));
      EXPECT_TRUE(std::isnan(m.tensors[3].param.get(5)));
    } else {
      EXPECT_EQ(m.grad_norm(1), infinite_norm);
      EXPECT_EQ(m.bits()[3], before[3]);
    }
  }
}

// ---- With everything else that a step does ------------------------------------------------------

TEST(group_clipping, has_the_same_bits_with_inspected_gradients_and_tensor_by_tensor) {
  const auto context = make_context(split_options(3));
  for (const std::uint64_t flags : {std::uint64_t{0}, std::uint64_t{GRADSTEP_APPLY_MAX_NORM}}) {
    two_group_model whole(context.get(), options_of(flags, 2));
    two_group_model inspected(context.get(), options_of(flags, 2));
    two_group_model parts(context.get(), options_of(flags, 2));
    for (auto* m : {&whole, &inspected, &parts}) m->clip(1, 0.25);
    for (std::uint64_t t = 1; t <= 2; ++t) {
      for (auto* m : {&whole, &inspected, &parts}) m->set_gradients(t);
      step(whole.get());
      expect_ok(gradstep_optimizer_inspect(inspected.get(), GRADSTEP_ALL_TENSORS, 1));
      step(inspected.get(), inspected_step());
      const auto options = inspected_step();
      for (std::size_t i = tensor_counts.size(); i-- > 0;) {
        expect_ok(gradstep_optimizer_inspect(parts.get(), i, 1));
      }
      expect_ok(gradstep_optimizer_begin_step(parts.get(), &options));
      for (std::size_t i = tensor_counts.size(); i-- > 0;) {
        expect_ok(gradstep_optimizer_step_tensor(parts.get(), i));
      }
      const double norm_before = t == 1 ? 0 : parts.grad_norm(1);
      EXPECT_EQ(parts.grad_norm(1), norm_before);  // inside a step: of the step before
      expect_ok(gradstep_optimizer_end_step(parts.get(), nullptr));
      EXPECT_EQ(inspected.bits(), whole.bits());
      EXPECT_EQ(parts.bits(), whole.bits());
      EXPECT_EQ(inspected.grad_norm(1), whole.grad_norm(1));
      EXPECT_EQ(parts.grad_norm(1), whole.grad_norm(1));
      EXPECT_GT(whole.grad_norm(1), 0);
    }
  }
}

TEST(group_clipping, uses_scaled_gradients_and_tells_the_norm_of_a_skipped_step) {
  const auto context = make_serial_context();
  two_group_model m(context.get());
  m.clip(1, infinite_norm);
  auto scaler = make_loss_scaler();
  scaler.scale = 8;
  expect_ok(gradstep_optimizer_set_loss_scaler(m.get(), &scaler));
  auto options = sized<gradstep_step_options>();
  options.flags = GRADSTEP_STEP_GRAD_SCALE;
  options.grad_scale = 2;
  for (auto& each : m.tensors) each.grad.fill(0);
  m.tensors[1].grad.set(3, 12);
  EXPECT_EQ(step(m.get(), options).is_skipped, 0);
  EXPECT_EQ(m.grad_norm(1), 3);
  m.tensors[0].grad.set(0, infinite_norm);
  m.tensors[1].grad.set(3, 4);
  const auto before = m.bits();
  EXPECT_EQ(step(m.get(), options).is_skipped, 1);
  EXPECT_EQ(m.bits(), before);
  EXPECT_EQ(m.grad_norm(1), 1);
}

/// prodigy sums over both groups; each has a factor of its own: 1/2 and 1/8, to the bit.
TEST(group_clipping, goes_with_a_rule_that_sums_over_all_groups) {
  const auto context = make_context(split_options(3));
  two_group_model m(context.get(), options_of(0), "prodigy");
  two_group_model wanted(context.get(), options_of(0), "prodigy");
  const double factors[] = {0.5, 0.125};
  for (std::uint64_t t = 1; t <= 3; ++t) {
    m.set_gradients(t);
    wanted.set_gradients(t);
    for (const std::size_t group : {0, 1}) {
      auto norm = sized<gradstep_norm_result>();
      const auto list = m.tensors_of(group);
      expect_ok(gradstep_gradient_norm(context.get(), list.data(), list.size(), &norm));
      m.clip(group, factors[group] * (norm.norm + 1e-6));
      for (std::size_t i = group; i < tensor_counts.size(); i += 2) {
        auto& grad = wanted.tensors[i].grad;
        for (std::size_t k = 0; k < grad.size(); ++k) grad.set(k, grad.get(k) * factors[group]);
      }
    }
    step(m.get());
    step(wanted.get());
    EXPECT_EQ(m.bits(), wanted.bits());
  }
}

// ---- Misuse -------------------------------------------------------------------------------------

TEST_F(optimizer_misuse, max_norm_of_a_group) {
  const auto with = [&](std::uint32_t flags, double max_norm) {
    auto options = group_options("g", sgd.get());
    options.flags = flags;
    options.max_norm = max_norm;
    return options;
  };
  const struct {
    gradstep_group_options options;
    gradstep_status status;
    std::vector<std::string> words;
  } cases[] = {
      {with(GRADSTEP_GROUP_MAX_NORM, 0), GRADSTEP_OUT_OF_RANGE, {"options.max_norm = 0 is not"}},
      {with(GRADSTEP_GROUP_MAX_NORM, -1), GRADSTEP_OUT_OF_RANGE, {"options.max_norm = -1"}},
      {with(GRADSTEP_GROUP_MAX_NORM, nan_value), GRADSTEP_OUT_OF_RANGE, {"max_norm = nan"}},
      {with(0, 1), GRADSTEP_INVALID_ARGUMENT, {"max_norm = 1", "GRADSTEP_GROUP_MAX_NORM"}},
      {with(0, nan_value), GRADSTEP_INVALID_ARGUMENT, {"max_norm = nan"}},
  };
  for (const auto& [options, status, words] : cases) {
    refused(gradstep_optimizer_add_group(get(), &options, nullptr), status, words);
  }
  refused(gradstep_optimizer_set_group_max_norm(get(), 2, 1), GRADSTEP_OUT_OF_RANGE, {"group = 2"});
  refused(gradstep_optimizer_set_group_max_norm(get(), 0, -1), GRADSTEP_OUT_OF_RANGE,
          {"max_norm = -1"});
  refused(gradstep_optimizer_set_group_max_norm(get(), 0, nan_value), GRADSTEP_OUT_OF_RANGE,
          {"max_norm = nan is neither 0 nor above 0"});
  expect_ok(gradstep_optimizer_begin_step(get(), nullptr));
  expect_failure(gradstep_optimizer_set_group_max_norm(get(), 0, 1), GRADSTEP_WRONG_ORDER,
                 {"inside a step"});
  expect_ok(gradstep_optimizer_end_step(get(), nullptr));
}

TEST_F(optimizer_misuse, steps_that_do_not_know_the_norm_of_a_group) {
  const auto given = step_with_norm(1);
  const auto given_refused = [&] {
    const std::vector<std::string> words = {"GRADSTEP_STEP_GRAD_NORM", "group \"second\"",
                                            "max_norm = 0.5"};
    refused(gradstep_optimizer_step(get(), &given, nullptr), GRADSTEP_UNSUPPORTED, words);
    refused(gradstep_optimizer_begin_step(get(), &given), GRADSTEP_UNSUPPORTED, words);
  };
  expect_ok(gradstep_optimizer_set_group_max_norm(get(), 1, 0.5));
  before = everything_in(get());
  given_refused();
  refused(gradstep_optimizer_begin_step(get(), nullptr), GRADSTEP_WRONG_ORDER,
          {"max_norm of group \"second\"", "GRADSTEP_STEP_INSPECTED"});
  // A group without tensors has no gradients to know.
  auto empty = group_options("empty", sgd.get());
  empty.flags = GRADSTEP_GROUP_MAX_NORM;
  empty.max_norm = 1;
  add_group(get(), empty);
  expect_ok(gradstep_optimizer_set_group_max_norm(get(), 1, 0));
  expect_ok(gradstep_optimizer_step(get(), &given, nullptr));
}

}  // namespace
}  // namespace gradstep_test
