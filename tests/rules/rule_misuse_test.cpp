// SPDX-License-Identifier: Apache-2.0
//
// Wrong arguments of the calls for rules: each gives its status and a sentence that names the
// argument, and changes nothing.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"
#include "support/wrong_structs.hpp"

namespace gradstep_test {
namespace {

class rule_misuse : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, rule_misuse, testing::ValuesIn(rule_names()), rule_as_test_name);

TEST_P(rule_misuse, info_structs) {
  const char* name = GetParam().c_str();
  check_filled_struct<gradstep_rule_info>(
      [&](auto* info) { return gradstep_rule_describe(name, info); });
  if (!hyperparameters_of(name).empty()) {
    check_filled_struct<gradstep_hyperparameter_info>(
        [&](auto* info) { return gradstep_rule_describe_hyperparameter(name, 0, info); });
  }
  if (!slot_names_of(name).empty()) {
    check_filled_struct<gradstep_slot_info>(
        [&](auto* info) { return gradstep_rule_describe_slot(name, 0, info); });
  }
  if (!scalars_of(name).empty()) {
    check_filled_struct<gradstep_scalar_info>(
        [&](auto* info) { return gradstep_rule_describe_scalar(name, 0, info); });
  }
}

TEST_P(rule_misuse, indices_past_the_end) {
  const char* name = GetParam().c_str();
  const auto rule = describe_rule(name);
  auto hyperparameter = sized<gradstep_hyperparameter_info>();
  auto slot = sized<gradstep_slot_info>();
  auto scalar = sized<gradstep_scalar_info>();
  for (const std::size_t past : {std::size_t{0}, std::size_t{100}}) {
    const auto h = rule.hyperparameter_count + past;
    const auto s = rule.slot_count + past;
    const auto k = rule.scalar_count + past;
    expect_failure(gradstep_rule_describe_hyperparameter(name, h, &hyperparameter),
                   GRADSTEP_OUT_OF_RANGE, {"index", std::to_string(h)});
    expect_failure(gradstep_rule_describe_slot(name, s, &slot), GRADSTEP_OUT_OF_RANGE,
                   {"index", std::to_string(s)});
    expect_failure(gradstep_rule_describe_scalar(name, k, &scalar), GRADSTEP_OUT_OF_RANGE,
                   {"index", std::to_string(k)});
  }
}

TEST_P(rule_misuse, nearest_names_are_listed) {
  const std::string wrong = GetParam() + "x";
  gradstep_rule* rule = nullptr;
  expect_failure(gradstep_rule_create(wrong.c_str(), &rule), GRADSTEP_UNKNOWN_NAME,
                 {wrong, "\"" + GetParam() + "\""});
  EXPECT_EQ(rule, nullptr);
  auto info = sized<gradstep_rule_info>();
  expect_failure(gradstep_rule_describe(wrong.c_str(), &info), GRADSTEP_UNKNOWN_NAME,
                 {wrong, GetParam()});
  EXPECT_EQ(info.name, nullptr);
  auto hyperparameter = sized<gradstep_hyperparameter_info>();
  expect_failure(gradstep_rule_describe_hyperparameter(wrong.c_str(), 0, &hyperparameter),
                 GRADSTEP_UNKNOWN_NAME, {wrong});
  auto slot = sized<gradstep_slot_info>();
  expect_failure(gradstep_rule_describe_slot(wrong.c_str(), 0, &slot), GRADSTEP_UNKNOWN_NAME,
                 {wrong});
  auto scalar = sized<gradstep_scalar_info>();
  expect_failure(gradstep_rule_describe_scalar(wrong.c_str(), 0, &scalar), GRADSTEP_UNKNOWN_NAME,
                 {wrong});
}

TEST_P(rule_misuse, nearest_hyperparameters_are_listed) {
  const auto rule = make_rule(GetParam());
  for (const auto& info : hyperparameters_of(GetParam())) {
    const std::string wrong = std::string(info.name) + "_";
    expect_failure(gradstep_rule_set(rule.get(), wrong.c_str(), 0), GRADSTEP_UNKNOWN_NAME,
                   {wrong, info.name});
    double value = 77;
    expect_failure(gradstep_rule_get(rule.get(), wrong.c_str(), &value), GRADSTEP_UNKNOWN_NAME,
                   {wrong, info.name});
    EXPECT_EQ(value, 77);
  }
}

std::vector<double> refused_values(const gradstep_hyperparameter_info& info) {
  std::vector<double> values = {nan_value, infinite, -infinite, info.minimum - 1};
  if (info.minimum > 0) values.push_back(0);
  if (info.flags & GRADSTEP_MINIMUM_EXCLUDED) values.push_back(info.minimum);
  if (info.maximum < infinite) {
    values.push_back(std::fmax(info.maximum + 0.5, std::nextafter(info.maximum, infinite)));
  }
  if (info.maximum < infinite && info.flags & GRADSTEP_MAXIMUM_EXCLUDED) {
    values.push_back(info.maximum);
  }
  if (info.kind == GRADSTEP_FLAG) values.insert(values.end(), {0.5, 2, -1});
  return values;
}

TEST_P(rule_misuse, values_out_of_bounds) {
  const auto rule = make_rule(GetParam());
  for (const auto& info : hyperparameters_of(GetParam())) {
    for (const double value : refused_values(info)) {
      SCOPED_TRACE(std::string(info.name) + " = " + as_text(value));
      std::vector<std::string> words = {info.name};
      if (std::abs(value) < 1e6) words.push_back(as_text(value));  // else in more digits
      expect_failure(gradstep_rule_set(rule.get(), info.name, value), GRADSTEP_OUT_OF_RANGE, words);
      double kept = nan_value;
      EXPECT_EQ(gradstep_rule_get(rule.get(), info.name, &kept), GRADSTEP_OK);
      EXPECT_EQ(kept, info.default_value);
    }
  }
}

TEST_P(rule_misuse, nulls) {
  const auto rule = make_rule(GetParam());
  gradstep_rule* created = nullptr;
  double value = 77;
  constexpr auto invalid = GRADSTEP_INVALID_ARGUMENT;
  expect_failure(gradstep_rule_create(nullptr, &created), invalid, {"rule_name"});
  EXPECT_EQ(created, nullptr);
  expect_failure(gradstep_rule_create(GetParam().c_str(), nullptr), invalid, {"rule"});
  auto info = sized<gradstep_rule_info>();
  expect_failure(gradstep_rule_describe(nullptr, &info), invalid, {"rule_name"});
  auto hyperparameter = sized<gradstep_hyperparameter_info>();
  expect_failure(gradstep_rule_describe_hyperparameter(nullptr, 0, &hyperparameter), invalid,
                 {"rule_name"});
  auto slot = sized<gradstep_slot_info>();
  expect_failure(gradstep_rule_describe_slot(nullptr, 0, &slot), invalid, {"rule_name"});
  auto scalar = sized<gradstep_scalar_info>();
  expect_failure(gradstep_rule_describe_scalar(nullptr, 0, &scalar), invalid, {"rule_name"});
  expect_failure(gradstep_rule_set(nullptr, "lr", 1), invalid, {"rule"});
  expect_failure(gradstep_rule_set(rule.get(), nullptr, 1), invalid, {"name"});
  expect_failure(gradstep_rule_get(nullptr, "lr", &value), invalid, {"rule"});
  expect_failure(gradstep_rule_get(rule.get(), nullptr, &value), invalid, {"name"});
  expect_failure(gradstep_rule_get(rule.get(), "lr", nullptr), invalid, {"value"});
  expect_failure(gradstep_rule_check(nullptr), invalid, {"rule"});
  EXPECT_EQ(value, 77);
}

TEST(sgd_misuse, nesterov_needs_momentum_and_no_dampening) {
  const auto rule = make_rule("sgd", {{"nesterov", 1}});
  expect_failure(gradstep_rule_check(rule.get()), GRADSTEP_INVALID_ARGUMENT,
                 {"nesterov", "momentum"});
  auto target = make_parameter("sgd", rule.get(), 10, {});
  const auto before = target.snapshot();
  const auto view = target.view();
  const auto options = at_step(1);
  const auto context = make_serial_context();
  expect_failure(gradstep_apply(context.get(), rule.get(), &view.tensor, 1, &options, nullptr),
                 GRADSTEP_INVALID_ARGUMENT, {"nesterov", "momentum"});
  EXPECT_EQ(target.snapshot(), before);
  gradstep_rule_set(rule.get(), "momentum", 0.9);
  EXPECT_EQ(gradstep_rule_check(rule.get()), GRADSTEP_OK);
  gradstep_rule_set(rule.get(), "dampening", 0.5);
  expect_failure(gradstep_rule_check(rule.get()), GRADSTEP_INVALID_ARGUMENT,
                 {"nesterov", "dampening"});
}

}  // namespace
}  // namespace gradstep_test
