// SPDX-License-Identifier: Apache-2.0
//
// The rules of the library, their hyper-parameters and slots. Tests read these from the library, so
// a new rule needs no change in a test.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/sized_struct.hpp"

namespace gradstep_test {

inline std::vector<std::string> rule_names() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < gradstep_rule_count(); ++i) {
    names.emplace_back(gradstep_rule_name(i));
  }
  return names;
}

/// For INSTANTIATE_TEST_SUITE_P: rule names are valid test names.
inline std::string rule_as_test_name(const testing::TestParamInfo<std::string>& info) {
  return info.param;
}

inline gradstep_rule_info describe_rule(const std::string& rule_name) {
  auto info = sized<gradstep_rule_info>();
  EXPECT_EQ(gradstep_rule_describe(rule_name.c_str(), &info), GRADSTEP_OK) << gradstep_last_error();
  return info;
}

inline std::vector<gradstep_hyperparameter_info> hyperparameters_of(const std::string& rule_name) {
  std::vector<gradstep_hyperparameter_info> all(describe_rule(rule_name).hyperparameter_count);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = sized<gradstep_hyperparameter_info>();
    EXPECT_EQ(gradstep_rule_describe_hyperparameter(rule_name.c_str(), i, &all[i]), GRADSTEP_OK)
        << gradstep_last_error();
  }
  return all;
}

inline gradstep_slot_info describe_slot(const std::string& rule_name, std::size_t index) {
  auto info = sized<gradstep_slot_info>();
  EXPECT_EQ(gradstep_rule_describe_slot(rule_name.c_str(), index, &info), GRADSTEP_OK)
      << gradstep_last_error();
  return info;
}

inline std::vector<std::string> slot_names_of(const std::string& rule_name) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < describe_rule(rule_name).slot_count; ++i) {
    names.emplace_back(describe_slot(rule_name, i).name);
  }
  return names;
}

inline bool has_rule(const std::string& rule_name) {
  const auto names = rule_names();
  return std::find(names.begin(), names.end(), rule_name) != names.end();
}

inline bool has_hyperparameter(const std::string& rule_name, std::string_view name) {
  const auto all = hyperparameters_of(rule_name);
  return std::any_of(all.begin(), all.end(), [&](const auto& info) { return info.name == name; });
}

// ---- Rules with options -----------------------------------------------------------------------

struct rule_deleter {
  void operator()(gradstep_rule* rule) const { gradstep_rule_destroy(rule); }
};
using rule_handle = std::unique_ptr<gradstep_rule, rule_deleter>;

/// Values of hyper-parameters, or of a schedule's parameters, by name.
using option_values = std::vector<std::pair<std::string, double>>;

inline std::string to_text(const option_values& values) {
  std::string text;
  for (const auto& [name, value] : values) text += name + "=" + std::to_string(value) + " ";
  return text;
}

inline rule_handle make_rule(const std::string& rule_name, const option_values& values = {}) {
  gradstep_rule* raw = nullptr;
  EXPECT_EQ(gradstep_rule_create(rule_name.c_str(), &raw), GRADSTEP_OK) << gradstep_last_error();
  rule_handle rule(raw);
  for (const auto& [name, value] : values) {
    EXPECT_EQ(gradstep_rule_set(rule.get(), name.c_str(), value), GRADSTEP_OK)
        << gradstep_last_error();
  }
  return rule;
}

/// What a slot looks like for the tensor, if this dtype is wanted.
inline gradstep_slot_layout slot_layout(const gradstep_rule* rule, std::size_t index,
                                        const gradstep_tensor& tensor, std::int32_t dtype = 0) {
  auto layout = sized<gradstep_slot_layout>();
  EXPECT_EQ(gradstep_rule_slot_layout(rule, index, &tensor, dtype, &layout), GRADSTEP_OK)
      << gradstep_last_error();
  return layout;
}

/// Whether the rule sums over a tensor before it updates its elements. Then an element's result
/// depends on the others.
inline bool sums_before_it_updates(const gradstep_rule* rule) {
  auto tensor = sized<gradstep_tensor>();
  tensor.count = 64;
  tensor.param.dtype = GRADSTEP_FLOAT32;
  std::size_t bytes = 0;
  EXPECT_EQ(gradstep_workspace_size(rule, &tensor, 1, &bytes), GRADSTEP_OK)
      << gradstep_last_error();
  return bytes != 0;
}

// ---- Scalars ----------------------------------------------------------------------------------

inline std::vector<gradstep_scalar_info> scalars_of(const std::string& rule_name) {
  std::vector<gradstep_scalar_info> all(describe_rule(rule_name).scalar_count);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = sized<gradstep_scalar_info>();
    EXPECT_EQ(gradstep_rule_describe_scalar(rule_name.c_str(), i, &all[i]), GRADSTEP_OK)
        << gradstep_last_error();
  }
  return all;
}

/// The scalars of a scope at their values before the first step.
inline std::vector<double> initial_scalars(const std::string& rule_name, const gradstep_rule* rule,
                                           std::int32_t scope) {
  std::vector<double> values;
  for (const auto& info : scalars_of(rule_name)) {
    if (info.scope != scope) continue;
    values.push_back(info.initial_value);
    if (info.initial_hyperparameter == nullptr) continue;
    EXPECT_EQ(gradstep_rule_get(rule, info.initial_hyperparameter, &values.back()), GRADSTEP_OK);
  }
  return values;
}

inline bool has_shared_scalars(const std::string& rule_name) {
  const auto all = scalars_of(rule_name);
  return std::any_of(all.begin(), all.end(),
                     [](const auto& info) { return info.scope == GRADSTEP_SCOPE_ALL; });
}

// ---- Choices of hyper-parameters --------------------------------------------------------------

/// The values that a hyper-parameter has in option_combinations; empty: its default alone.
inline std::vector<double> values_to_try(const gradstep_hyperparameter_info& info) {
  const std::string_view name = info.name;
  if (info.kind == GRADSTEP_FLAG) return {0, 1};
  if (name == "momentum") return {0, 0.9};
  if (name == "weight_decay") return {0, 0.1};
  return {};
}

/// Every combination of a rule's flags, momentum and weight decay that gradstep_rule_check accepts.
inline std::vector<option_values> option_combinations(const std::string& rule_name) {
  std::vector<option_values> all = {{}};
  for (const auto& info : hyperparameters_of(rule_name)) {
    const auto values = values_to_try(info);
    if (values.empty()) continue;
    std::vector<option_values> longer;
    for (const auto& combination : all) {
      for (const double value : values) {
        longer.push_back(combination);
        longer.back().emplace_back(info.name, value);
      }
    }
    all = std::move(longer);
  }
  std::erase_if(all, [&](const option_values& values) {
    return gradstep_rule_check(make_rule(rule_name, values).get()) != GRADSTEP_OK;
  });
  return all;
}

/// The combination with the most slots and terms.
inline option_values richest_options(const std::string& rule_name) {
  return option_combinations(rule_name).back();
}

}  // namespace gradstep_test
