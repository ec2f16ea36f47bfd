// SPDX-License-Identifier: Apache-2.0
//
// The descriptions of schedules and their parameters.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/parameter.hpp"
#include "support/schedule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/wrong_structs.hpp"

namespace gradstep_test {
namespace {

TEST(schedule_descriptions, of_all_schedules_of_the_header) {
  const std::vector<std::string> wanted = {
      "constant",        "step",         "multistep",  "exponential", "factor",
      "inverse_sqrt",    "inverse_time", "polynomial", "linear",      "cosine",
      "cosine_restarts", "one_cycle",    "cyclic",     "wsd",         "noam"};
  const auto names = schedule_names();
  for (const auto& name : wanted) {
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  }
  EXPECT_EQ(gradstep_schedule_name(gradstep_schedule_count()), nullptr);
  EXPECT_EQ(gradstep_schedule_name(SIZE_MAX), nullptr);
}

TEST(schedule_descriptions, are_complete) {
  for (const auto& name : schedule_names()) {
    auto info = sized<gradstep_schedule_info>();
    ASSERT_EQ(gradstep_schedule_describe(name.c_str(), &info), GRADSTEP_OK);
    EXPECT_EQ(info.name, name);
    EXPECT_GT(std::strlen(info.summary), 5U);
    EXPECT_GT(std::strlen(info.formula), 0U);
    EXPECT_GT(std::strlen(info.source), 5U);
    const auto schedule = make_schedule(name);
    for (const auto& parameter : parameters_of(name)) {
      SCOPED_TRACE(name + "." + parameter.name);
      EXPECT_GT(std::strlen(parameter.help), 0U);
      EXPECT_LT(parameter.minimum, parameter.maximum);
      EXPECT_EQ(
          std::isinf(parameter.maximum),
          std::isinf(parameter.maximum) && (parameter.flags & GRADSTEP_MAXIMUM_EXCLUDED) != 0);
      if (parameter.kind == GRADSTEP_LIST) continue;
      double value = 0;
      ASSERT_EQ(gradstep_schedule_get(schedule.get(), parameter.name, &value), GRADSTEP_OK);
      if (std::isnan(parameter.default_value)) {
        EXPECT_TRUE(std::isnan(value));
      } else {
        EXPECT_EQ(value, parameter.default_value);
        EXPECT_EQ(gradstep_schedule_set(schedule.get(), parameter.name, value), GRADSTEP_OK);
      }
    }
  }
}

TEST(schedule_descriptions, wrong_arguments) {
  check_filled_struct<gradstep_schedule_info>(
      [](auto* info) { return gradstep_schedule_describe("cosine", info); });
  check_filled_struct<gradstep_hyperparameter_info>(
      [](auto* info) { return gradstep_schedule_describe_hyperparameter("cosine", 0, info); });
  auto info = sized<gradstep_schedule_info>();
  auto parameter = sized<gradstep_hyperparameter_info>();
  expect_failure(gradstep_schedule_describe(nullptr, &info), GRADSTEP_INVALID_ARGUMENT,
                 {"schedule_name"});
  expect_failure(gradstep_schedule_describe_hyperparameter(nullptr, 0, &parameter),
                 GRADSTEP_INVALID_ARGUMENT, {"schedule_name"});
  expect_failure(gradstep_schedule_describe("cosinus", &info), GRADSTEP_UNKNOWN_NAME,
                 {"\"cosinus\"", "\"cosine\""});
  expect_failure(gradstep_schedule_describe_hyperparameter("sequence", 0, &parameter),
                 GRADSTEP_UNKNOWN_NAME, {"sequence"});
  expect_failure(gradstep_schedule_describe_hyperparameter("cosine", 4, &parameter),
                 GRADSTEP_OUT_OF_RANGE, {"index = 4", "cosine", "4 parameters"});
}

}  // namespace
}  // namespace gradstep_test
