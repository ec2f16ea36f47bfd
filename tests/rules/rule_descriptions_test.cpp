// SPDX-License-Identifier: Apache-2.0
//
// What the library says about its rules, hyper-parameters and slots.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

class rule_descriptions : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, rule_descriptions, testing::ValuesIn(rule_names()),
                         rule_as_test_name);

TEST_P(rule_descriptions, are_complete) {
  const auto rule = describe_rule(GetParam());
  EXPECT_EQ(rule.name, GetParam());
  for (const char* text : {rule.summary, rule.formula, rule.source}) {
    ASSERT_NE(text, nullptr);
    EXPECT_STRNE(text, "");
  }
  for (const auto& info : hyperparameters_of(GetParam())) {
    SCOPED_TRACE(info.name);
    EXPECT_STRNE(info.help, "");
    EXPECT_LE(info.minimum, info.default_value);
    EXPECT_LE(info.default_value, info.maximum);
    double value = nan_value;
    EXPECT_EQ(gradstep_rule_get(make_rule(GetParam()).get(), info.name, &value), GRADSTEP_OK);
    EXPECT_EQ(value, info.default_value);
    EXPECT_TRUE(info.maximum < infinite || (info.flags & GRADSTEP_MAXIMUM_EXCLUDED) != 0);
  }
}

TEST_P(rule_descriptions, say_what_slots_are_like) {
  for (std::size_t i = 0; i < describe_rule(GetParam()).slot_count; ++i) {
    const auto info = describe_slot(GetParam(), i);
    SCOPED_TRACE(info.name);
    EXPECT_GE(info.extent, GRADSTEP_EXTENT_ELEMENT);
    EXPECT_LE(info.extent, GRADSTEP_EXTENT_TENSOR);
    EXPECT_TRUE(info.start == GRADSTEP_START_VALUE || info.start == GRADSTEP_START_PARAM);
    EXPECT_EQ(info.reserved, 0);
  }
}

TEST_P(rule_descriptions, say_what_scalars_are_like) {
  std::int32_t next[2] = {};
  for (const auto& info : scalars_of(GetParam())) {
    SCOPED_TRACE(info.name);
    EXPECT_STRNE(info.name, "");
    EXPECT_STRNE(info.help, "");
    ASSERT_TRUE(info.scope == GRADSTEP_SCOPE_TENSOR || info.scope == GRADSTEP_SCOPE_ALL);
    EXPECT_EQ(info.index, next[info.scope]++);
    if (info.initial_hyperparameter != nullptr) {
      EXPECT_TRUE(has_hyperparameter(GetParam(), info.initial_hyperparameter));
    }
  }
}

TEST_P(rule_descriptions, name_all_transforms) {
  const char* name = GetParam().c_str();
  const std::size_t count = describe_rule(name).transform_count;
  for (std::size_t i = 0; i < count; ++i) {
    ASSERT_NE(gradstep_rule_transform_name(name, i), nullptr);
    EXPECT_STRNE(gradstep_rule_transform_name(name, i), "");
  }
  EXPECT_EQ(gradstep_rule_transform_name(name, count), nullptr);
  EXPECT_EQ(gradstep_rule_transform_name((GetParam() + "x").c_str(), 0), nullptr);
  EXPECT_EQ(gradstep_rule_transform_name(nullptr, 0), nullptr);
}

TEST(slot_descriptions, say_which_slots_are_never_negative) {
  const struct {
    const char* rule;
    std::size_t slot;
    std::int32_t is_non_negative;
  } cases[] = {{"adam", 0, 0},    {"adam", 1, 1},      {"adam", 2, 1},    {"sgd", 0, 0},
               {"adagrad", 0, 1}, {"adafactor", 2, 1}, {"prodigy", 2, 0}, {"prodigy", 1, 1}};
  for (const auto& [rule, slot, is_non_negative] : cases) {
    auto info = sized<gradstep_slot_info>();
    ASSERT_EQ(gradstep_rule_describe_slot(rule, slot, &info), GRADSTEP_OK);
    EXPECT_EQ(info.is_non_negative, is_non_negative) << rule << " " << info.name;
  }
}

}  // namespace
}  // namespace gradstep_test
