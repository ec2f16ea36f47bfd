// SPDX-License-Identifier: Apache-2.0
//
// The cases of the oracle: every instruction set, every choice of a rule's options, every dtype,
// and elements with every kind of history.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {

// ---- Data -------------------------------------------------------------------------------------

// Whole strips and a tail on every instruction set.
inline constexpr std::size_t element_count = 163;

/// Element i has, by i % 8: 0: no gradient in any step. 1: one in every third step. 2: the same
/// gradient in every step, so that averages converge. 3: a gradient of the size of the param. 4 to
/// 7: any gradient.
inline void set_ordinary_gradient(parameter& target, std::uint64_t step) {
  for (std::size_t i = 0; i < target.grad.size(); ++i) {
    double g = log_uniform_value(step, i);
    if (i % 8 == 0 || (i % 8 == 1 && step % 3 != 0)) g = 0;
    if (i % 8 == 2) g = log_uniform_value(0, i);
    if (i % 8 == 3) g = target.param.get(i) * random_value(step, i);
    target.grad.set(i, g);
  }
}

inline void set_ordinary_param(parameter& target) {
  for (std::size_t i = 0; i < target.param.size(); ++i) {
    target.param.set(i, i % 16 == 7 ? 0 : log_uniform_value(99, i));
  }
}

template <class T>
std::vector<double> special_values() {
  using limits = std::numeric_limits<T>;
  std::vector<double> all = {limits::quiet_NaN()};
  for (const T value :
       {T(0), limits::denorm_min(), limits::min(), T(1), limits::max(), limits::infinity()}) {
    all.push_back(value);
    all.push_back(-value);
  }
  return all;
}

/// Pairs of special values, as many as there are elements.
inline void set_special_values(parameter& target) {
  const auto special =
      target.param.dtype() == GRADSTEP_FLOAT32 ? special_values<float>() : special_values<double>();
  for (std::size_t i = 0; i < target.param.size(); ++i) {
    target.param.set(i, special[i / special.size() % special.size()]);
    target.grad.set(i, special[i % special.size()]);
  }
}

// ---- Steps ------------------------------------------------------------------------------------

/// A step of the library: the parameter before and after, and the step's arguments.
struct step_record {
  const parameter& before;
  const parameter& after;
  std::vector<double> hyperparameters;
  gradstep_apply_options options;
};

inline std::vector<double> hyperparameter_values(const variant& v) {
  std::vector<double> values;
  for (const auto& info : hyperparameters_of(v.rule_name)) {
    values.push_back(0);
    EXPECT_EQ(gradstep_rule_get(v.rule.get(), info.name, &values.back()), GRADSTEP_OK);
  }
  return values;
}

/// Gives another value to each hyper-parameter that option_combinations leaves at its default. A
/// decay of 0.5 lets averages converge quickly, so that v - a^2 cancels.
inline void set_other_values(const variant& v) {
  for (const auto& info : hyperparameters_of(v.rule_name)) {
    if (!values_to_try(info).empty()) continue;
    const double other = info.maximum == 1         ? 0.5
                         : info.default_value == 0 ? 0.3
                                                   : 3 * info.default_value;
    EXPECT_EQ(gradstep_rule_set(v.rule.get(), info.name, other), GRADSTEP_OK);
    if (gradstep_rule_check(v.rule.get()) == GRADSTEP_OK) continue;
    EXPECT_EQ(gradstep_rule_set(v.rule.get(), info.name, info.default_value), GRADSTEP_OK);
  }
}

inline std::vector<std::uint64_t> step_numbers() {
  std::vector<std::uint64_t> steps(32);
  std::iota(steps.begin(), steps.end(), 1);
  steps.insert(steps.end(), {100, 10'000, 1U << 20, 1ULL << 40, 1ULL << 53});
  return steps;
}

/// Checks a run of ordinary steps; stops after the first step that fails a check.
template <class Check>
void run_ordinary_steps(const gradstep_context* context, const variant& v, const Check& check) {
  parameter target = v.make(element_count);
  set_ordinary_param(target);
  for (const std::uint64_t step : step_numbers()) {
    set_ordinary_gradient(target, step);
    const parameter before = target;
    // From step 5 on the scale is the same, so that constant gradients stay constant.
    const auto options = scaled_step(step, step <= 4 ? 1 : 1 / 3.0);
    apply_one(context, v.rule.get(), target, options);
    check(step_record{before, target, hyperparameter_values(v), options});
    if (testing::Test::HasFailure()) return;
  }
}

template <class Check>
void run_special_steps(const gradstep_context* context, const variant& v, const Check& check) {
  parameter target = v.make(element_count);
  set_special_values(target);
  for (std::uint64_t step = 1; step <= 3; ++step) {
    const parameter before = target;
    const auto options = scaled_step(step, 1);
    apply_one(context, v.rule.get(), target, options);
    check(step_record{before, target, hyperparameter_values(v), options});
  }
}

/// Calls body(context, isa, variant) for every instruction set, every choice of options and every
/// dtype, with default and with other values.
template <class Body>
void for_every_case(const std::string& rule_name, const Body& body) {
  for (const std::string& isa : available_isas()) {
    SCOPED_TRACE(isa);
    const auto context = make_serial_context(isa.c_str());
    ASSERT_EQ(isa_in_use(context.get()), isa);
    for_each_variant(rule_name, all_dtypes, [&](const variant& v) {
      body(context.get(), isa, v);
      if (testing::Test::HasFailure()) return;
      SCOPED_TRACE("other values");
      set_other_values(v);
      body(context.get(), isa, v);
    });
  }
}

}  // namespace gradstep_test
