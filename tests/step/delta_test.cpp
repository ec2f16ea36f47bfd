// SPDX-License-Identifier: Apache-2.0
//
// The change in place of the step: param + delta is the param of a step without delta, but for one
// rounding; slots and scalars are those of that step, and the param keeps its bytes.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "step/gapped_parameter.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/guarded_memory.hpp"
#include "support/number_array.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/storages.hpp"
#include "support/stored_array.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

constexpr std::uint64_t flags_with_delta = all_flags & ~GRADSTEP_APPLY_AVERAGE;
constexpr matrix_shape shape = {37, 71};
constexpr std::size_t count = 37 * 71;

/// Every way to store a param and slots, with a delta in the type of the arithmetic. Gradients take
/// their dtypes in turn.
std::vector<storage> delta_storages() {
  auto all = param_and_slot_storages();
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].grad = float_dtypes[i % std::size(float_dtypes)];
    all[i].delta = all[i].param == GRADSTEP_FLOAT64 ? GRADSTEP_FLOAT64 : GRADSTEP_FLOAT32;
  }
  return all;
}

/// One unit in the last place of x, in the type of the arithmetic.
long double unit_of(long double x, bool is_wide) {
  const double least = is_wide ? std::numeric_limits<double>::min() : 0x1p-126;
  const double epsilon = is_wide ? 0x1p-52 : 0x1p-23;
  return std::ldexp(static_cast<long double>(epsilon), std::ilogb(std::max<long double>(x, least)));
}

/// param + delta against the param of the step, in units of the largest of the numbers. One is the
/// rounding of the change and that of the step's param, half a unit each. Decay after the step
/// rounds both once more.
void expect_sum(const gradstep_rule* rule, const stored_parameter& before,
                const stored_parameter& stepped, const stored_parameter& got) {
  const bool is_wide = before.param.dtype() == GRADSTEP_FLOAT64;
  double decays_after = 0;
  gradstep_rule_get(rule, "decay_after_step", &decays_after);  // most rules do not have it
  for (std::size_t i = 0; i < got.size(); ++i) {
    const long double old = before.param.widen(i), change = got.delta->widen(i);
    const long double param = stepped.param.widen(i);
    const long double largest = std::max({std::abs(old), std::abs(change), std::abs(param)});
    const long double units = std::abs(old + change - param) / unit_of(largest, is_wide);
    ASSERT_LE(units, 1 + decays_after) << "element " << i << ", delta " << change;
  }
}

void expect_same_numbers(const stored_array& got, const stored_array& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got.bits(i), wanted.bits(i)) << i;
}

void expect_same_state(const stored_parameter& got, const stored_parameter& wanted) {
  for (std::size_t s = 0; s < got.slots.size(); ++s) {
    if (got.slots[s]) expect_same_numbers(*got.slots[s], *wanted.slots[s]);
  }
  EXPECT_EQ(got.scalars, wanted.scalars);
  EXPECT_EQ(got.shared_scalars, wanted.shared_scalars);
}

class delta : public testing::TestWithParam<std::string> {
 protected:
  /// A rule with its richest options, and the L1 penalty.
  static rule_handle richest_rule() {
    auto values = richest_options(GetParam());
    values.emplace_back("l1_penalty", 0.125);
    return make_rule(GetParam(), values);
  }
};
INSTANTIATE_TEST_SUITE_P(rules, delta, testing::ValuesIn(rule_names()), rule_as_test_name);

/// A step with delta beside one without, from the same state.
TEST_P(delta, is_what_the_step_adds) {
  for_each_variant(GetParam(), same_dtypes, [&](const variant& v) {
    storage how{.param = v.types.param, .grad = v.types.grad, .slot = v.types.param};
    how.delta = v.types.param;
    stored_parameter got(v.rule.get(), GetParam(), how, 163);
    for (std::uint64_t step = 1; step <= 3; ++step) {
      got.set_gradient(step);
      auto stepped = got;
      stepped.delta.reset();
      const auto before = got;
      apply_stored(serial_context(), v.rule.get(), got, at_step(step));
      apply_stored(serial_context(), v.rule.get(), stepped, at_step(step));
      expect_sum(v.rule.get(), before, stepped, got);
      expect_same_state(got, stepped);
      expect_same_numbers(got.param, before.param);
      got.param = stepped.param;  // the caller adds the change
    }
  });
}

TEST_P(delta, of_every_storage_with_every_option) {
  const auto rule = richest_rule();
  for (const storage& how : delta_storages()) {
    SCOPED_TRACE(to_text(how));
    stored_parameter got(rule.get(), GetParam(), how, 2 * 256 + 77);
    for (std::uint64_t step = 1; step <= 2; ++step) {
      const auto options = apply_options(how.flags | flags_with_delta, step);
      got.set_gradient(step);
      auto stepped = got;
      stepped.delta.reset();
      const auto before = got;
      apply_stored(serial_context(), rule.get(), got, options);
      apply_stored(serial_context(), rule.get(), stepped, options);
      expect_same_state(got, stepped);
      expect_same_numbers(got.param, before.param);
      expect_same_numbers(got.grad, stepped.grad);
      // The params of other storages are rounded.
      const bool is_exact = how.param == GRADSTEP_FLOAT32 || how.param == GRADSTEP_FLOAT64;
      if (is_exact || how.is_split) expect_sum(rule.get(), before, stepped, got);
    }
  }
}

/// A narrow delta is the wide one, rounded to nearest.
TEST_P(delta, is_rounded_to_nearest) {
  const auto rule = richest_rule();
  for (const std::int32_t dtype : half_dtypes) {
    storage how{.delta = GRADSTEP_FLOAT32};
    how.flags = GRADSTEP_APPLY_STOCHASTIC_PARAM;
    stored_parameter wide(rule.get(), GetParam(), how, 300);
    how.delta = dtype;
    stored_parameter narrow(rule.get(), GetParam(), how, 300);
    for (auto* each : {&wide, &narrow}) {
      apply_stored(serial_context(), rule.get(), *each, apply_options(how.flags, 1));
    }
    std::vector<double> values;
    for (std::size_t i = 0; i < wide.size(); ++i) values.push_back(wide.delta->widen(i));
    stored_array wanted(dtype, values.size());
    wanted.narrow(values);
    expect_same_numbers(*narrow.delta, wanted);
  }
}

/// Of each instruction set with fused multiply-add, of threads and pieces, of gaps between rows.
TEST_P(delta, has_the_same_bits_everywhere) {
  const auto rule = richest_rule();
  const auto isas = fused_isas();
  if (isas.empty()) GTEST_SKIP() << "this machine has no fused ISA";
  const auto serial = make_serial_context(isas[0].c_str());
  for (const storage& how : delta_storages()) {
    SCOPED_TRACE(to_text(how));
    const stored_parameter start(rule.get(), GetParam(), how, count, 1, 0, shape);
    auto wanted = start;
    run_stored(serial.get(), rule.get(), wanted, how.flags | flags_with_delta, 2);
    for (const std::string& isa : isas) {
      auto got = start;
      const auto split = make_context(split_options(3, isa.c_str()));
      EXPECT_GT(
          run_stored(split.get(), rule.get(), got, how.flags | flags_with_delta, 2).piece_count,
          1U);
      expect_same_bits(got.snapshot(), wanted.snapshot());
    }
    if (is_blocked(how.slot)) continue;  // then no array has gaps
    auto got = start;
    gapped_parameter gapped(GetParam(), got);
    for (std::uint64_t step = 1; step <= 2; ++step) {
      got.set_gradient(step);
      gapped.copy_in();
      const auto view = gapped.view();
      apply_list(serial.get(), rule.get(), {view.tensor},
                 with_scalars_of(got, apply_options(how.flags | flags_with_delta, step)));
      gapped.copy_out();
    }
    EXPECT_TRUE(gapped.gaps_are_untouched());
    expect_same_bits(got.snapshot(), wanted.snapshot());
    if (HasFailure()) return;
  }
}

/// delta is the gradient's array: the change replaces the gradient.
TEST_P(delta, may_replace_the_gradient) {
  const auto rule = richest_rule();
  const auto split = make_context(split_options(3));
  for (const std::int32_t dtype : float_dtypes) {
    SCOPED_TRACE(dtype_text(dtype));
    storage how{.grad = dtype, .delta = dtype};
    if (dtype == GRADSTEP_FLOAT64) how.param = how.slot = dtype;
    for (const std::size_t size : {1U, 77U, 300U, 40000U}) {
      stored_parameter apart(rule.get(), GetParam(), how, size);
      auto in_place = apart;
      in_place.delta.reset();
      const auto before = in_place.param;
      for (const auto* context :
           {serial_context(), static_cast<const gradstep_context*>(split.get())}) {
        in_place.set_gradient(1);
        apply_stored(context, rule.get(), apart, at_step(1));
        auto view = in_place.view();
        view.tensor.delta = view.tensor.grad;
        apply_list(context, rule.get(), {view.tensor}, with_scalars_of(in_place, at_step(1)));
        expect_same_numbers(in_place.grad, *apart.delta);
        expect_same_numbers(in_place.param, before);
        expect_same_state(in_place, apart);
      }
    }
  }
}

/// A skipped step stores no change.
TEST_P(delta, stays_in_a_skipped_step) {
  const auto rule = richest_rule();
  stored_parameter target(rule.get(), GetParam(), {.delta = GRADSTEP_FLOAT32}, 300);
  std::vector<double> values(target.size(), 1);
  target.delta->narrow(values);
  values[7] = std::numeric_limits<double>::infinity();
  target.grad.narrow(values);
  const auto before = target.bytes();
  const auto options = apply_options(GRADSTEP_APPLY_CHECK_FINITE);
  EXPECT_EQ(apply_stored(serial_context(), rule.get(), target, options).is_skipped, 1);
  EXPECT_TRUE(target.bytes() == before);
}

/// The param may be in memory that cannot be written.
TEST_P(delta, only_reads_the_param) {
  const auto rule = richest_rule();
  const guarded_memory memory;
  for (const storage how : {storage{.delta = GRADSTEP_FLOAT32},
                            storage{.param = GRADSTEP_BFLOAT16, .delta = GRADSTEP_FLOAT32}}) {
    for (const std::size_t size : {5U, 163U, 300U}) {
      stored_parameter target(rule.get(), GetParam(), how, size);
      const number_array& param = target.param.data;
      void* const at = memory.place(param.bytes(), true);
      std::memcpy(at, param.data(), param.bytes());
      auto view = target.view();
      view.tensor.param.data = at;
      memory.set_read_only(true);
      apply_list(serial_context(), rule.get(), {view.tensor}, with_scalars_of(target, at_step(1)));
      memory.set_read_only(false);
    }
  }
}

}  // namespace
}  // namespace gradstep_test
