// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {

/// Two valid tensors with 8-bit slots, and a third of float64. A test makes one field wrong and
/// expects that nothing changes.
class tensor_misuse : public testing::Test {
 protected:
  static constexpr storage how{.param = GRADSTEP_BFLOAT16,
                               .grad = GRADSTEP_BFLOAT16,
                               .slot = GRADSTEP_E5M3_B256,
                               .copy = GRADSTEP_FLOAT32,
                               .is_split = true,
                               .has_average = true};
  static constexpr storage float64{.param = GRADSTEP_FLOAT64, .slot = GRADSTEP_FLOAT64};

  tensor_misuse() {
    for (std::size_t i = 0; i < 2; ++i) parameters.emplace_back(rule.get(), "adam", how, 300, i);
    wide.emplace_back(rule.get(), "adam", float64, 40);
    reset();
    result.piece_count = 77;
  }

  /// Makes everything valid again.
  void reset() {
    views = views_of(parameters);
    views.push_back(wide[0].view());
    options = apply_options(all_flags);
  }
  gradstep_tensor& tensor() { return views[1].tensor; }

  gradstep_status apply() {
    std::vector<gradstep_tensor> list;
    list.reserve(views.size());
    for (const auto& view : views) list.push_back(view.tensor);
    return gradstep_apply(context.get(), rule.get(), list.data(), list.size(), &options, &result);
  }

  std::vector<std::byte> bytes() {
    auto all = wide[0].bytes();
    for (auto& each : parameters) {
      const auto more = each.bytes();
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }

  /// Expects that the step is refused, then makes everything valid again.
  void expect_refused(gradstep_status status, const std::vector<std::string>& words) {
    const auto before = bytes();
    expect_failure(apply(), status, words);
    EXPECT_TRUE(bytes() == before) << "an array has changed";
    EXPECT_EQ(result.piece_count, 77U);
    reset();
  }
  void expect_invalid(const std::vector<std::string>& words) {
    expect_refused(GRADSTEP_INVALID_ARGUMENT, words);
  }

  context_handle context = make_serial_context();
  rule_handle rule = make_rule("adam", {{"amsgrad", 1}});
  std::vector<stored_parameter> parameters, wide;
  std::vector<stored_view> views;
  gradstep_apply_options options;
  gradstep_apply_result result = sized<gradstep_apply_result>();
};

}  // namespace gradstep_test
