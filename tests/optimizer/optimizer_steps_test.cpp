// SPDX-License-Identifier: Apache-2.0
//
// An optimizer gives the bits of the equivalent stateless calls, in whatever manner its steps are
// run.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

// The library stores slots of 4096 elements and more in the 8-bit dtype of the group, if that suits
// the slot, and smaller ones as float32.
constexpr std::size_t counts[] = {5, 300, 4500};

/// Parameters for the stateless calls, and their twins for the optimizer.
struct twins {
  twins(const gradstep_rule* rule, const std::string& rule_name, const storage& how) {
    for (std::size_t i = 0; i < std::size(counts); ++i) {
      storage stored = how;
      stored.is_laid_out = true;
      stateless.emplace_back(rule, rule_name, stored, counts[i], 10 * i + 1);
      owned.emplace_back(rule, rule_name, stored, counts[i], 10 * i + 1);
    }
  }
  void set_gradients(std::uint64_t step) {
    for (auto& each : stateless) each.set_gradient(step);
    for (auto& each : owned) each.set_gradient(step);
  }
  /// Views with keys, so that random rounding does not depend on a tensor's place in the list.
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
      owned[i].scalars = read_scalars(optimizer, i, GRADSTEP_SCOPE_TENSOR);
      owned[i].shared_scalars = read_scalars(optimizer, i, GRADSTEP_SCOPE_ALL);
      stateless[i].shared_scalars = stateless[0].shared_scalars;
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

/// The ways to run a step.
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

class optimizer_steps : public testing::TestWithParam<std::string> {
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
      // The third step is skipped.
      if (round == 3) {
        for (auto* list : {&both.stateless, &both.owned}) {
          (*list)[1].grad.narrow(std::vector<double>(counts[1], INFINITY));
        }
      }
      auto options = all_options;
      options.step = t;
      const auto wanted = apply_views(serial.get(), rule.get(), both.keyed_views(both.stateless),
                                      with_scalars_of(both.stateless[0], options));
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

TEST_P(optimizer_steps, every_storage_has_the_bits_of_stateless_calls) {
  for (const auto& how : full_storages()) {
    SCOPED_TRACE(to_text(how));
    run(how, manner::all_at_once);
    if (HasFailure()) return;
  }
}

TEST_P(optimizer_steps, every_manner_of_stepping_has_the_same_bits) {
  const bool is_all_at_once = has_shared_scalars(GetParam());
  const storage storages[] = {
      {},
      {.param = GRADSTEP_FLOAT64, .grad = GRADSTEP_FLOAT32, .slot = GRADSTEP_FLOAT64},
      {.param = GRADSTEP_BFLOAT16,
       .grad = GRADSTEP_BFLOAT16,
       .slot = GRADSTEP_E5M3_B256,
       .has_average = true,
       .flags = GRADSTEP_APPLY_STOCHASTIC_PARAM},
      {.param = GRADSTEP_FLOAT16,
       .grad = GRADSTEP_FLOAT16,
       .slot = GRADSTEP_FLOAT16,
       .flags = GRADSTEP_APPLY_STOCHASTIC_PARAM}};
  for (const auto& how : storages) {
    for (const manner each : {manner::inspected, manner::tensor_by_tensor, manner::norm_given}) {
      if (is_all_at_once && each != manner::inspected) continue;
      SCOPED_TRACE(to_text(how) + " manner " + std::to_string(static_cast<int>(each)));
      run(how, each);
      if (HasFailure()) return;
    }
  }
}

/// A rule with scalars of all tensors sums over all tensors before it changes one.
TEST_P(optimizer_steps, tensor_by_tensor_is_refused_by_sums_over_all) {
  const auto rule = make_rule(GetParam());
  const auto optimizer = make_optimizer(serial_context());
  add_group(optimizer.get(), "some", rule.get());
  expect_ok(gradstep_optimizer_begin_step(optimizer.get(), nullptr));  // the group is empty
  expect_ok(gradstep_optimizer_end_step(optimizer.get(), nullptr));
  plain_tensor a(40);
  add_tensor(optimizer.get(), 0, "a", a.tensor());
  const auto before = everything_in(optimizer.get());
  const auto status = gradstep_optimizer_begin_step(optimizer.get(), nullptr);
  if (has_shared_scalars(GetParam())) {
    expect_failure(status, GRADSTEP_UNSUPPORTED,
                   {"some", GetParam(), "sums over all tensors", "gradstep_optimizer_step"});
    EXPECT_EQ(everything_in(optimizer.get()), before);
    step(optimizer.get());
  } else {
    expect_ok(status);
    expect_ok(gradstep_optimizer_step_tensor(optimizer.get(), 0));
    expect_ok(gradstep_optimizer_end_step(optimizer.get(), nullptr));
  }
  EXPECT_EQ(describe_tensor(optimizer.get(), 0).step_count, 1U);
}

INSTANTIATE_TEST_SUITE_P(rules, optimizer_steps, testing::ValuesIn(rule_names()),
                         rule_as_test_name);

}  // namespace
}  // namespace gradstep_test
