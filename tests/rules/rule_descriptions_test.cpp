// SPDX-License-Identifier: Apache-2.0
//
// What the library says about its rules, hyper-parameters and slots, and how it would store a slot.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/dtype_lists.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"
#include "support/wrong_structs.hpp"

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

TEST(slot_descriptions, say_which_slots_are_never_negative) {
  const struct {
    const char* rule;
    std::size_t slot;
    std::int32_t is_non_negative;
  } cases[] = {{"adam", 0, 0}, {"adam", 1, 1}, {"adam", 2, 1}, {"sgd", 0, 0}, {"adagrad", 0, 1}};
  for (const auto& [rule, slot, is_non_negative] : cases) {
    auto info = sized<gradstep_slot_info>();
    ASSERT_EQ(gradstep_slot_describe(rule, slot, &info), GRADSTEP_OK);
    EXPECT_EQ(info.is_non_negative, is_non_negative) << rule << " " << info.name;
  }
}

// ---- Storage of slots -------------------------------------------------------------------------

gradstep_storage_info storage_of(std::size_t slot, std::int32_t dtype, std::size_t count) {
  auto info = sized<gradstep_storage_info>();
  EXPECT_EQ(gradstep_slot_storage("adam", slot, dtype, count, &info), GRADSTEP_OK)
      << gradstep_last_error();
  return info;
}

TEST(slot_storage, sizes) {
  const struct {
    std::size_t slot;
    std::int32_t wanted;
    std::size_t count;
    std::int32_t dtype;
    std::size_t bytes, scale_count;
  } cases[] = {{0, GRADSTEP_FLOAT32, 5000, GRADSTEP_FLOAT32, 20000, 0},
               {0, GRADSTEP_BFLOAT16, 5, GRADSTEP_BFLOAT16, 10, 0},
               {1, GRADSTEP_FLOAT16, 5, GRADSTEP_FLOAT16, 10, 0},
               {0, GRADSTEP_FLOAT64, 5, GRADSTEP_FLOAT64, 40, 0},
               {0, GRADSTEP_SIGNED8, 4095, GRADSTEP_FLOAT32, 16380, 0},
               {0, GRADSTEP_SIGNED8, 4096, GRADSTEP_SIGNED8, 4096, 16},
               {0, GRADSTEP_UNSIGNED8, 4097, GRADSTEP_SIGNED8, 4097, 17},
               {1, GRADSTEP_SIGNED8, 4352, GRADSTEP_UNSIGNED8, 4352, 17},
               {2, GRADSTEP_UNSIGNED8, 4353, GRADSTEP_UNSIGNED8, 4353, 18},
               {1, GRADSTEP_UNSIGNED8, 0, GRADSTEP_FLOAT32, 0, 0}};
  for (const auto& [slot, wanted, count, dtype, bytes, scale_count] : cases) {
    SCOPED_TRACE(dtype_text(wanted) + ", count " + std::to_string(count));
    const auto info = storage_of(slot, wanted, count);
    EXPECT_EQ(info.dtype, dtype);
    EXPECT_EQ(info.bytes, bytes);
    EXPECT_EQ(info.scale_count, scale_count);
    EXPECT_EQ(info.reserved, 0);
  }
}

TEST(slot_storage, wrong_arguments) {
  check_filled_struct<gradstep_storage_info>(
      [](auto* info) { return gradstep_slot_storage("adam", 0, GRADSTEP_SIGNED8, 5000, info); });
  auto info = sized<gradstep_storage_info>();
  info.bytes = 77;
  const auto refuse = [&](const char* rule, std::size_t slot, std::int32_t dtype, std::size_t count,
                          gradstep_status status, const std::vector<std::string>& words) {
    expect_failure(gradstep_slot_storage(rule, slot, dtype, count, &info), status, words);
    EXPECT_EQ(info.bytes, 77U);
  };
  refuse("adan", 0, GRADSTEP_FLOAT32, 1, GRADSTEP_UNKNOWN_NAME, {"adan", "adam"});
  refuse(nullptr, 0, GRADSTEP_FLOAT32, 1, GRADSTEP_INVALID_ARGUMENT, {"rule_name"});
  refuse("adam", 3, GRADSTEP_FLOAT32, 1, GRADSTEP_OUT_OF_RANGE, {"index", "3"});
  for (const std::int32_t bad : {0, -1, 7, 99}) {
    refuse("adam", 0, bad, 1, GRADSTEP_INVALID_ARGUMENT, {"dtype", std::to_string(bad)});
  }
  refuse("adam", 0, GRADSTEP_FLOAT32, SIZE_MAX, GRADSTEP_OUT_OF_RANGE, {"count"});
}

}  // namespace
}  // namespace gradstep_test
