// SPDX-License-Identifier: Apache-2.0
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

extern "C" const char* gradstep_test_from_c99();
extern "C" const char* gradstep_test_from_cpp11();

namespace {

TEST(header, works_from_c99_and_cpp11) {
  EXPECT_STREQ(gradstep_test_from_c99(), gradstep_version_text());
  EXPECT_STREQ(gradstep_test_from_cpp11(), gradstep_version_text());
}

}  // namespace
