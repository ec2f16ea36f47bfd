// SPDX-License-Identifier: Apache-2.0
//
// Steps that are made part by part.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/stored_parameter.hpp"

namespace gradstep_test {

/// A list of tensors, whose parameters must outlive it.
struct tensor_list_view {
  explicit tensor_list_view(std::vector<stored_parameter>& parameters)
      : views(views_of(parameters)) {
    for (const auto& view : views) tensors.push_back(view.tensor);
  }
  std::vector<stored_view> views;
  std::vector<gradstep_tensor> tensors;
};

/// One part that must succeed.
inline gradstep_apply_result apply_part(const gradstep_context* context, const gradstep_rule* rule,
                                        const std::vector<gradstep_tensor>& tensors,
                                        const gradstep_apply_options& options, std::size_t part,
                                        std::size_t part_count) {
  auto result = sized<gradstep_apply_result>();
  expect_ok(gradstep_apply_part(context, rule, tensors.data(), tensors.size(), &options, part,
                                part_count, &result));
  return result;
}

/// All parts, the last one first. Gives the results in the order of the parts.
inline std::vector<gradstep_apply_result> apply_in_parts(const gradstep_context* context,
                                                         const gradstep_rule* rule,
                                                         std::vector<stored_parameter>& parameters,
                                                         const gradstep_apply_options& options,
                                                         std::size_t part_count) {
  const tensor_list_view list(parameters);
  std::vector<gradstep_apply_result> results(part_count);
  for (std::size_t part = part_count; part-- > 0;) {
    results[part] = apply_part(context, rule, list.tensors, options, part, part_count);
  }
  return results;
}

/// Whether steps of the rule can be made in parts.
inline bool has_parts(const std::string& rule_name, const gradstep_rule* rule) {
  return describe_rule(rule_name).scalar_count == 0 && !sums_before_it_updates(rule);
}

}  // namespace gradstep_test
