// SPDX-License-Identifier: Apache-2.0
//
// Steps of plain parameters, and the variants of a rule that tests go through.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/dtype_lists.hpp"
#include "support/parameter.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {

/// Options of step number `step`, with no flag set.
inline gradstep_apply_options at_step(std::uint64_t step) {
  auto options = sized<gradstep_apply_options>();
  options.step = step;
  return options;
}

inline gradstep_apply_options scaled_step(std::uint64_t step, double grad_scale) {
  auto options = at_step(step);
  options.flags = GRADSTEP_APPLY_GRAD_SCALE;
  options.grad_scale = grad_scale;
  return options;
}

/// One step that must succeed.
inline gradstep_apply_result apply_list(const gradstep_context* context, const gradstep_rule* rule,
                                        const std::vector<gradstep_tensor>& tensors,
                                        const gradstep_apply_options& options) {
  auto result = sized<gradstep_apply_result>();
  expect_ok(gradstep_apply(context, rule, tensors.data(), tensors.size(), &options, &result));
  return result;
}

/// The options with the parameter's shared scalars.
template <class Parameter>
gradstep_apply_options with_scalars_of(Parameter& first, gradstep_apply_options options) {
  options.scalars = first.shared_scalars.empty() ? nullptr : first.shared_scalars.data();
  options.scalar_count = first.shared_scalars.size();
  return options;
}

/// One step of one parameter that must succeed.
inline gradstep_apply_result apply_alone(const gradstep_context* context, const gradstep_rule* rule,
                                         parameter& target, const gradstep_apply_options& options) {
  const auto view = target.view();
  return apply_list(context, rule, {view.tensor}, with_scalars_of(target, options));
}

/// One step that must succeed; gives the number of its pieces.
inline std::uint64_t apply_one(const gradstep_context* context, const gradstep_rule* rule,
                               parameter& target, const gradstep_apply_options& options) {
  return apply_alone(context, rule, target, options).piece_count;
}

/// Steps all parameters as one list. Their scalars of all tensors are the first one's.
inline gradstep_apply_result apply_together(const gradstep_context* context,
                                            const gradstep_rule* rule, std::vector<parameter>& list,
                                            gradstep_apply_options options) {
  std::vector<tensor_view> views;
  std::vector<gradstep_tensor> tensors;
  for (parameter& each : list) {
    views.push_back(each.view());
    tensors.push_back(views.back().tensor);
  }
  auto& shared = list.front().shared_scalars;
  options.scalars = shared.empty() ? nullptr : shared.data();
  options.scalar_count = shared.size();
  const auto result = apply_list(context, rule, tensors, options);
  for (parameter& each : list) each.shared_scalars = shared;
  return result;
}

/// Steps 1 to `steps`, each with its own random gradient; gives the number of the last step's
/// pieces.
inline std::uint64_t run_steps(const gradstep_context* context, const gradstep_rule* rule,
                               parameter& target, std::uint64_t steps = 3) {
  std::uint64_t pieces = 0;
  for (std::uint64_t step = 1; step <= steps; ++step) {
    target.set_random_gradient(step);
    pieces = apply_one(context, rule, target, at_step(step));
  }
  return pieces;
}

/// A rule with one choice of options, and the dtypes that it runs with.
struct variant {
  std::string rule_name;
  option_values values;
  dtypes types;
  rule_handle rule;

  parameter make(std::size_t count, std::size_t offset = 0) const {
    return make_parameter(rule_name, rule.get(), count, types, offset);
  }
};

/// Calls body(variant) for all options and dtypes of a rule, until a check fails.
template <class Types>
void for_each_variant(const std::string& rule_name, const Types& types,
                      const std::function<void(const variant&)>& body) {
  for (const auto& values : option_combinations(rule_name)) {
    for (const dtypes type : types) {
      SCOPED_TRACE(rule_name + " " + to_text(values) + to_text(type));
      body({rule_name, values, type, make_rule(rule_name, values)});
      if (testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace gradstep_test
