// SPDX-License-Identifier: Apache-2.0
//
// The cases of the oracle: every instruction set, every choice of a rule's options, every dtype,
// flat tensors and matrices, and elements with every kind of history.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
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

/// The elements of a tensor, and its rows and columns.
struct tensor_extents {
  std::size_t count;
  matrix_shape shape = {};
};

// Whole strips and a tail on every instruction set.
inline constexpr tensor_extents flat_tensor = {163};

/// Tall, wide, a batch of small ones, one column, one row. Tall ones have two blocks of rows.
inline constexpr tensor_extents small_matrices[] = {
    {142, {71, 2}}, {201, {3, 67}}, {140, {4, 5}}, {131, {131, 1}}, {97, {1, 97}}};

inline std::string to_text(const tensor_extents& of) {
  return std::to_string(of.count) + " elements, matrices of " + std::to_string(of.shape.rows) +
         " x " + std::to_string(of.shape.columns);
}

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

/// A step of the library: the parameters of its list before and after, and the step's arguments.
struct step_record {
  const std::vector<parameter>& before;
  const std::vector<parameter>& after;
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
    const double other = info.kind == GRADSTEP_INTEGER ? 3
                         : info.maximum == 1           ? 0.5
                         : info.default_value == 0     ? 0.3
                                                       : 3 * info.default_value;
    EXPECT_EQ(gradstep_rule_set(v.rule.get(), info.name, other), GRADSTEP_OK);
    if (gradstep_rule_check(v.rule.get()) == GRADSTEP_OK) continue;
    EXPECT_EQ(gradstep_rule_set(v.rule.get(), info.name, info.default_value), GRADSTEP_OK);
  }
}

template <class Check>
void check_step(const gradstep_context* context, const variant& v, std::vector<parameter>& list,
                const gradstep_apply_options& options, const Check& check) {
  const std::vector<parameter> before = list;
  apply_together(context, v.rule.get(), list, options);
  check(step_record{before, list, hyperparameter_values(v), options});
}

inline std::vector<std::uint64_t> step_numbers() {
  std::vector<std::uint64_t> steps(32);
  std::iota(steps.begin(), steps.end(), 1);
  steps.insert(steps.end(), {100, 10'000, 1U << 20, 1ULL << 40, 1ULL << 53});
  return steps;
}

/// A parameter of these extents. Slots that start as the param are copies of it.
inline parameter make_ordinary(const variant& v, const tensor_extents& extents) {
  parameter target =
      make_parameter(v.rule_name, v.rule.get(), extents.count, v.types, 0, extents.shape);
  set_ordinary_param(target);
  target.start_slots_as_param(v.rule.get());
  return target;
}

/// prodigy's rate is of the size of its params, so that weight decay may make these grow without
/// end. What overflows then says nothing about accuracy.
inline bool has_diverged(const std::vector<parameter>& list) {
  for (const parameter& each : list) {
    for (std::size_t i = 0; i < each.param.size(); ++i) {
      if (std::abs(each.param.get(i)) > 0x1p40) return true;
    }
  }
  return false;
}

/// Checks a run of ordinary steps; stops after the first step that fails a check.
template <class Check>
void run_ordinary_steps(const gradstep_context* context, const variant& v,
                        const std::vector<tensor_extents>& tensors,
                        const std::vector<std::uint64_t>& steps, const Check& check) {
  std::vector<parameter> list;
  for (const auto& extents : tensors) list.push_back(make_ordinary(v, extents));
  for (const std::uint64_t step : steps) {
    for (parameter& each : list) set_ordinary_gradient(each, step);
    // From step 5 on the scale is the same, so that constant gradients stay constant.
    check_step(context, v, list, scaled_step(step, step <= 4 ? 1 : 1 / 3.0), check);
    if (testing::Test::HasFailure() || has_diverged(list)) return;
  }
}

/// Every pair of special values.
template <class Check>
void run_special_steps(const gradstep_context* context, const variant& v, const Check& check) {
  std::vector<parameter> list = {v.make(flat_tensor.count)};
  set_special_values(list[0]);
  list[0].start_slots_as_param(v.rule.get());
  for (std::uint64_t step = 1; step <= 3; ++step) {
    check_step(context, v, list, scaled_step(step, 1), check);
  }
}

/// One special value among ordinary ones, in the gradient or in the param: where a rule sums, the
/// special values of one tensor hide each other.
template <class Check>
void run_steps_with_one_special_value(const gradstep_context* context, const variant& v,
                                      const tensor_extents& extents, const Check& check) {
  const auto special =
      v.types.param == GRADSTEP_FLOAT32 ? special_values<float>() : special_values<double>();
  for (const double value : special) {
    for (const bool in_param : {false, true}) {
      std::vector<parameter> list = {make_ordinary(v, extents)};
      set_ordinary_gradient(list[0], 1);
      (in_param ? list[0].param : list[0].grad).set(extents.count / 2, value);
      list[0].start_slots_as_param(v.rule.get());
      SCOPED_TRACE(testing::PrintToString(value) + (in_param ? " in the param" : ""));
      for (std::uint64_t step = 1; step <= 2; ++step) {
        check_step(context, v, list, scaled_step(step, 1), check);
      }
    }
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
