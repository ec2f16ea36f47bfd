// SPDX-License-Identifier: Apache-2.0
//
// Names, the version, and the text of the last error.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "support/sized_struct.hpp"

namespace gradstep_test {
namespace {

TEST(names, of_statuses) {
  EXPECT_STREQ(gradstep_status_name(GRADSTEP_OK), "GRADSTEP_OK");
  EXPECT_STREQ(gradstep_status_name(GRADSTEP_INVALID_ARGUMENT), "GRADSTEP_INVALID_ARGUMENT");
  EXPECT_STREQ(gradstep_status_name(GRADSTEP_UNKNOWN_NAME), "GRADSTEP_UNKNOWN_NAME");
  EXPECT_STREQ(gradstep_status_name(GRADSTEP_OUT_OF_RANGE), "GRADSTEP_OUT_OF_RANGE");
  EXPECT_STREQ(gradstep_status_name(GRADSTEP_UNSUPPORTED), "GRADSTEP_UNSUPPORTED");
  EXPECT_STREQ(gradstep_status_name(GRADSTEP_OUT_OF_MEMORY), "GRADSTEP_OUT_OF_MEMORY");
  EXPECT_STREQ(gradstep_status_name(GRADSTEP_INTERNAL), "GRADSTEP_INTERNAL");
  EXPECT_STREQ(gradstep_status_name(-1), "GRADSTEP_UNKNOWN_STATUS");
  EXPECT_STREQ(gradstep_status_name(1000), "GRADSTEP_UNKNOWN_STATUS");
}

TEST(names, version_agrees_with_the_header) {
  EXPECT_EQ(gradstep_version(), 10000U * GRADSTEP_VERSION_MAJOR + 100U * GRADSTEP_VERSION_MINOR +
                                    GRADSTEP_VERSION_PATCH);
  const std::string text = std::to_string(GRADSTEP_VERSION_MAJOR) + "." +
                           std::to_string(GRADSTEP_VERSION_MINOR) + "." +
                           std::to_string(GRADSTEP_VERSION_PATCH);
  EXPECT_EQ(gradstep_version_text(), text);
}

TEST(names, past_the_end_are_null) {
  EXPECT_EQ(gradstep_rule_name(gradstep_rule_count()), nullptr);
  EXPECT_EQ(gradstep_rule_name(SIZE_MAX), nullptr);
  EXPECT_EQ(gradstep_isa_name(gradstep_isa_count()), nullptr);
  EXPECT_EQ(gradstep_isa_is_available(gradstep_isa_count()), 0);
  EXPECT_STREQ(gradstep_isa_name(0), "baseline");
  EXPECT_EQ(gradstep_isa_is_available(0), 1);
}

TEST(names, the_last_error_is_kept_by_a_success) {
  auto info = sized<gradstep_rule_info>();
  gradstep_rule_describe("no such rule", &info);
  const std::string message = gradstep_last_error();
  EXPECT_NE(message, "");
  gradstep_rule_describe(gradstep_rule_name(0), &info);
  EXPECT_EQ(gradstep_last_error(), message);
}

TEST(names, destroy_takes_null) {
  gradstep_context_destroy(nullptr);
  gradstep_rule_destroy(nullptr);
}

}  // namespace
}  // namespace gradstep_test
