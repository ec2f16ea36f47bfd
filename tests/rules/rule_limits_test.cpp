// SPDX-License-Identifier: Apache-2.0
//
// Rules at their limits: special numbers, the last step numbers, and hyper-parameters at their
// bounds.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

class rule_limits : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, rule_limits, testing::ValuesIn(rule_names()), rule_as_test_name);

// ---- Special numbers --------------------------------------------------------------------------

/// Puts `special` into the gradient or param of some elements. The other elements keep their bits.
void check_isolation(const variant& v, double special, bool in_param) {
  constexpr std::size_t count = 67;
  auto wanted = v.make(count);
  apply_one(serial_context(), v.rule.get(), wanted, at_step(1));
  auto target = v.make(count);
  const std::size_t places[] = {0, 7, 31, 64, 66};
  for (const std::size_t i : places) (in_param ? target.param : target.grad).set(i, special);
  apply_one(serial_context(), v.rule.get(), target, at_step(1));
  for (std::size_t i = 0; i < count; ++i) {
    if (std::find(std::begin(places), std::end(places), i) == std::end(places)) {
      ASSERT_EQ(target.param.bits(i), wanted.param.bits(i)) << "element " << i;
    } else if (std::isnan(special)) {
      ASSERT_TRUE(std::isnan(target.param.get(i))) << "element " << i;
    }
  }
}

TEST_P(rule_limits, special_numbers_stay_in_their_element) {
  for_each_variant(GetParam(), all_dtypes, [](const variant& v) {
    if (sums_before_it_updates(v.rule.get())) return;
    for (const double special : {nan_value, infinite, -infinite}) {
      check_isolation(v, special, false);
      check_isolation(v, special, true);
    }
  });
}

bool is_all_nan(const number_array& numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!std::isnan(numbers.get(i))) return false;
  }
  return true;
}

/// One NaN in one of two tensors, which are stepped together. It spreads if the step is scaled by a
/// sum.
void check_spread(const variant& v, bool in_param, bool must_spread) {
  constexpr std::size_t count = 67, place = 31;
  std::vector<parameter> list = {v.make(count), v.make(20)};
  auto without = list;
  apply_together(serial_context(), v.rule.get(), without, at_step(1));
  (in_param ? list[0].param : list[0].grad).set(place, nan_value);
  apply_together(serial_context(), v.rule.get(), list, at_step(1));
  const bool spreads = is_all_nan(list[0].param);
  EXPECT_TRUE(spreads || !must_spread);
  for (std::size_t i = 0; i < count && !spreads; ++i) {
    const std::uint64_t wanted = i == place ? number_array::nan_bits : without[0].param.bits(i);
    ASSERT_EQ(list[0].param.bits(i), wanted) << "element " << i;
  }
  // A sum over all tensors makes scalars of all.
  if (!list[1].shared_scalars.empty()) {
    EXPECT_EQ(is_all_nan(list[1].param), spreads);
  } else {
    expect_same_bits(list[1].snapshot(), without[1].snapshot());
  }
}

/// GRADSTEP_APPLY_CHECK_FINITE skips a step whose gradients are not finite.
TEST_P(rule_limits, a_nan_spreads_where_the_step_is_scaled_by_a_sum) {
  const auto richest = richest_options(GetParam());
  for_each_variant(GetParam(), same_dtypes, [&](const variant& v) {
    if (!sums_before_it_updates(v.rule.get())) return;
    check_spread(v, false, v.values == richest);
    check_spread(v, true, false);
  });
}

TEST_P(rule_limits, denormal_and_zero_gradients_give_no_nan) {
  for_each_variant(GetParam(), same_dtypes, [](const variant& v) {
    const double tiny = v.types.grad == GRADSTEP_FLOAT32 ? 1e-43 : 1e-320;
    for (const double gradient : {0.0, -0.0, tiny, -tiny}) {
      auto target = v.make(70);
      target.grad.fill(gradient);
      for (std::size_t i = 0; i < 70; i += 2) target.param.set(i, 0);
      for (std::uint64_t step = 1; step <= 5; ++step) {
        apply_one(serial_context(), v.rule.get(), target, at_step(step));
      }
      EXPECT_FALSE(target.has_nan()) << "gradient " << gradient;
    }
  });
}

TEST_P(rule_limits, late_steps_give_no_nan) {
  for_each_variant(GetParam(), same_dtypes, [](const variant& v) {
    for (const int exponent : {0, 31, 32, 40, 53}) {
      auto target = v.make(70);
      apply_one(serial_context(), v.rule.get(), target, at_step(std::uint64_t{1} << exponent));
      EXPECT_FALSE(target.has_nan()) << "step 2^" << exponent;
    }
  });
}

// ---- Bounds of hyper-parameters ---------------------------------------------------------------

std::vector<double> bounds_of(const gradstep_hyperparameter_info& info) {
  if (info.kind == GRADSTEP_FLAG) return {};
  std::vector<double> bounds = {info.minimum};
  if (info.flags & GRADSTEP_MINIMUM_EXCLUDED) bounds[0] = std::nextafter(info.minimum, infinite);
  if (info.maximum < infinite) {
    const bool excluded = (info.flags & GRADSTEP_MAXIMUM_EXCLUDED) != 0;
    bounds.push_back(excluded ? std::nextafter(info.maximum, -infinite) : info.maximum);
  }
  return bounds;
}

void check_bound(const variant& v, const char* name, double value) {
  SCOPED_TRACE(std::string(name) + " = " + testing::PrintToString(value));
  auto values = v.values;
  std::erase_if(values, [&](const auto& option) { return option.first == name; });
  values.emplace_back(name, value);
  const auto rule = make_rule(v.rule_name, values);
  if (gradstep_rule_check(rule.get()) != GRADSTEP_OK) return;
  auto target = make_parameter(v.rule_name, rule.get(), 70, v.types);
  // A rate that is estimated from the params may grow with them without end.
  const std::uint64_t last = target.shared_scalars.empty() ? 4 : 2;
  for (std::uint64_t step = 1; step <= last; ++step) {
    target.set_random_gradient(step);
    apply_one(serial_context(), rule.get(), target, at_step(step));
    EXPECT_FALSE(target.has_nan()) << "step " << step;
  }
}

TEST_P(rule_limits, bounds_of_hyperparameters_give_no_nan) {
  const auto all = hyperparameters_of(GetParam());
  for_each_variant(GetParam(), same_dtypes, [&](const variant& v) {
    for (const auto& info : all) {
      for (const double bound : bounds_of(info)) check_bound(v, info.name, bound);
    }
  });
}

}  // namespace
}  // namespace gradstep_test
