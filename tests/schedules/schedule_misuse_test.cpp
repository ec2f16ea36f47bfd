// SPDX-License-Identifier: Apache-2.0
//
// Wrong arguments of the calls for schedules: each gives its status and a sentence that names the
// argument, and changes nothing.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/schedule_setup.hpp"
#include "support/test_values.hpp"
#include "support/wrong_structs.hpp"

namespace gradstep_test {
namespace {

// ---- Creating ---------------------------------------------------------------------------------

gradstep_schedule* marker() {
  static int target = 0;
  return reinterpret_cast<gradstep_schedule*>(&target);
}

TEST(schedule_misuse, creating) {
  gradstep_schedule_destroy(nullptr);
  auto* schedule = marker();
  expect_failure(gradstep_schedule_create(nullptr, &schedule), GRADSTEP_INVALID_ARGUMENT,
                 {"schedule_name"});
  expect_failure(gradstep_schedule_create("cosine", nullptr), GRADSTEP_INVALID_ARGUMENT,
                 {"schedule"});
  expect_failure(gradstep_schedule_create("onecycle", &schedule), GRADSTEP_UNKNOWN_NAME,
                 {"onecycle", "one_cycle"});
  expect_failure(gradstep_schedule_create("", &schedule), GRADSTEP_UNKNOWN_NAME, {"\"\"", "noam"});
  const std::string long_name(100000, 'x');
  expect_failure(gradstep_schedule_create(long_name.c_str(), &schedule), GRADSTEP_UNKNOWN_NAME,
                 {"xxx..."});
  EXPECT_EQ(schedule, marker());
}

void expect_no_sequence(const std::vector<const gradstep_schedule*>& parts,
                        const std::vector<std::uint64_t>& lengths, gradstep_status status,
                        const std::vector<std::string>& words) {
  auto* schedule = marker();
  expect_failure(
      gradstep_schedule_create_sequence(parts.data(), lengths.data(), parts.size(), &schedule),
      status, words);
  EXPECT_EQ(schedule, marker());
}

TEST(schedule_misuse, sequences) {
  const auto part = make_schedule("constant");
  const gradstep_schedule* p = part.get();
  const std::uint64_t lengths[] = {1, 1};
  expect_failure(gradstep_schedule_create_sequence(&p, lengths, 1, nullptr),
                 GRADSTEP_INVALID_ARGUMENT, {"schedule"});
  auto* schedule = marker();
  expect_failure(gradstep_schedule_create_sequence(nullptr, lengths, 1, &schedule),
                 GRADSTEP_INVALID_ARGUMENT, {"parts"});
  const gradstep_schedule* both[] = {p, p};
  expect_failure(gradstep_schedule_create_sequence(both, nullptr, 2, &schedule),
                 GRADSTEP_INVALID_ARGUMENT, {"lengths"});
  EXPECT_EQ(schedule, marker());
  expect_no_sequence({}, {}, GRADSTEP_OUT_OF_RANGE, {"count = 0"});
  expect_no_sequence({p, nullptr}, {1, 0}, GRADSTEP_INVALID_ARGUMENT, {"parts[1]"});
  expect_no_sequence({p, p, p}, {1, 0, 1}, GRADSTEP_OUT_OF_RANGE, {"lengths[1] = 0", "2^53"});
  expect_no_sequence({p, p}, {UINT64_MAX, 0}, GRADSTEP_OUT_OF_RANGE, {"lengths[0]"});
  // The length of the last part is ignored, so NULL will do for one part.
  EXPECT_EQ(gradstep_schedule_create_sequence(&p, nullptr, 1, &schedule), GRADSTEP_OK);
  gradstep_schedule_destroy(schedule);
}

TEST(schedule_misuse, sequences_too_deep) {
  auto nested = make_schedule("constant");
  for (int depth = 1; depth <= 8; ++depth) nested = make_sequence({nested.get()}, {0});
  EXPECT_EQ(lr_of(nested, 0.5, 3), 0.5);
  expect_no_sequence({nested.get()}, {0}, GRADSTEP_INVALID_ARGUMENT, {"depth", "8"});
}

TEST(schedule_misuse, a_sequence_has_no_parameters) {
  const auto part = make_schedule("cosine");
  const auto sequence = make_sequence({part.get()}, {0});
  double value = 7;
  expect_failure(gradstep_schedule_set(sequence.get(), "total_steps", 1), GRADSTEP_UNKNOWN_NAME,
                 {"total_steps", "sequence"});
  expect_failure(gradstep_schedule_get(sequence.get(), "total_steps", &value),
                 GRADSTEP_UNKNOWN_NAME, {"sequence"});
  expect_failure(gradstep_schedule_set_list(sequence.get(), "milestones", &value, 1),
                 GRADSTEP_UNKNOWN_NAME, {"sequence"});
  expect_failure(gradstep_schedule_check(sequence.get()), GRADSTEP_INVALID_ARGUMENT,
                 {"cosine", "total_steps"});
  EXPECT_EQ(value, 7);
}

// ---- Setting and reading ----------------------------------------------------------------------

TEST(schedule_misuse, nulls) {
  const auto schedule = make_schedule("step");
  double value = 7;
  expect_failure(gradstep_schedule_set(nullptr, "gamma", 1), GRADSTEP_INVALID_ARGUMENT,
                 {"schedule"});
  expect_failure(gradstep_schedule_set(schedule.get(), nullptr, 1), GRADSTEP_INVALID_ARGUMENT,
                 {"name"});
  expect_failure(gradstep_schedule_get(nullptr, "gamma", &value), GRADSTEP_INVALID_ARGUMENT,
                 {"schedule"});
  expect_failure(gradstep_schedule_get(schedule.get(), nullptr, &value), GRADSTEP_INVALID_ARGUMENT,
                 {"name"});
  expect_failure(gradstep_schedule_get(schedule.get(), "gamma", nullptr), GRADSTEP_INVALID_ARGUMENT,
                 {"value"});
  expect_failure(gradstep_schedule_set_list(nullptr, "milestones", &value, 1),
                 GRADSTEP_INVALID_ARGUMENT, {"schedule"});
  expect_failure(gradstep_schedule_set_list(schedule.get(), nullptr, &value, 1),
                 GRADSTEP_INVALID_ARGUMENT, {"name"});
  expect_failure(gradstep_schedule_set_list(schedule.get(), "milestones", nullptr, 1),
                 GRADSTEP_INVALID_ARGUMENT, {"values"});
  expect_failure(gradstep_schedule_check(nullptr), GRADSTEP_INVALID_ARGUMENT, {"schedule"});
  expect_failure(gradstep_schedule_lr(nullptr, 1, 1, &value), GRADSTEP_INVALID_ARGUMENT,
                 {"schedule"});
  expect_failure(gradstep_schedule_lr(schedule.get(), 1, 1, nullptr), GRADSTEP_INVALID_ARGUMENT,
                 {"lr"});
  expect_failure(gradstep_schedule_momentum(nullptr, 1, &value), GRADSTEP_INVALID_ARGUMENT,
                 {"schedule"});
  expect_failure(gradstep_schedule_momentum(schedule.get(), 1, nullptr), GRADSTEP_INVALID_ARGUMENT,
                 {"momentum"});
  EXPECT_EQ(value, 7);
}

TEST(schedule_misuse, every_bound_of_every_parameter) {
  for (const auto& name : schedule_names()) {
    const auto schedule = make_complete_schedule(name);
    for (const auto& info : parameters_of(name)) {
      if (info.kind == GRADSTEP_LIST) continue;
      SCOPED_TRACE(name + "." + info.name);
      double before = 0;
      ASSERT_EQ(gradstep_schedule_get(schedule.get(), info.name, &before), GRADSTEP_OK);
      std::vector<double> bad = {nan_value, infinite, -infinite, std::nextafter(info.minimum, -1),
                                 std::nextafter(info.maximum, infinite)};
      if ((info.flags & GRADSTEP_MINIMUM_EXCLUDED) != 0) bad.push_back(info.minimum);
      if ((info.flags & GRADSTEP_MAXIMUM_EXCLUDED) != 0) bad.push_back(info.maximum);
      if (info.kind != GRADSTEP_REAL) bad.push_back(info.minimum + 0.5);
      for (const double value : bad) {
        expect_failure(gradstep_schedule_set(schedule.get(), info.name, value),
                       GRADSTEP_OUT_OF_RANGE, {info.name});
        double after = 0;
        ASSERT_EQ(gradstep_schedule_get(schedule.get(), info.name, &after), GRADSTEP_OK);
        EXPECT_EQ(after, before) << value;
      }
    }
  }
}

TEST(schedule_misuse, sentences_give_the_bounds) {
  const auto schedule = make_schedule("cyclic");
  expect_failure(gradstep_schedule_set(schedule.get(), "gamma", 1.5), GRADSTEP_OUT_OF_RANGE,
                 {"gamma = 1.5", "(0, 1]"});
  expect_failure(gradstep_schedule_set(schedule.get(), "up_steps", 2.5), GRADSTEP_OUT_OF_RANGE,
                 {"up_steps = 2.5", "whole", "[1, "});
  expect_failure(gradstep_schedule_set(schedule.get(), "halves", 2), GRADSTEP_OUT_OF_RANGE,
                 {"halves = 2", "neither 0 nor 1"});
  expect_failure(gradstep_schedule_set(schedule.get(), "upsteps", 2), GRADSTEP_UNKNOWN_NAME,
                 {"\"upsteps\"", "cyclic", "\"up_steps\""});
}

TEST(schedule_misuse, lists) {
  const auto schedule = make_schedule("multistep");
  double value = 7;
  expect_failure(gradstep_schedule_check(schedule.get()), GRADSTEP_INVALID_ARGUMENT,
                 {"milestones"});
  set_list(schedule, "milestones", {2});
  expect_failure(gradstep_schedule_set(schedule.get(), "milestones", 1), GRADSTEP_INVALID_ARGUMENT,
                 {"milestones", "list"});
  expect_failure(gradstep_schedule_get(schedule.get(), "milestones", &value),
                 GRADSTEP_INVALID_ARGUMENT, {"milestones", "list"});
  expect_failure(gradstep_schedule_set_list(schedule.get(), "gamma", &value, 1),
                 GRADSTEP_INVALID_ARGUMENT, {"gamma", "list"});
  expect_failure(gradstep_schedule_set_list(schedule.get(), "milestone", &value, 1),
                 GRADSTEP_UNKNOWN_NAME, {"milestone", "milestones"});
  const auto refused = [&](const std::vector<double>& values, gradstep_status status,
                           const std::vector<std::string>& words) {
    expect_failure(
        gradstep_schedule_set_list(schedule.get(), "milestones", values.data(), values.size()),
        status, words);
  };
  refused({1, 5, 4}, GRADSTEP_INVALID_ARGUMENT, {"milestones[2] = 4", "5"});
  refused({1, nan_value}, GRADSTEP_OUT_OF_RANGE, {"milestones[1] = nan"});
  refused({-1}, GRADSTEP_OUT_OF_RANGE, {"milestones[0] = -1"});
  refused({0, infinite}, GRADSTEP_OUT_OF_RANGE, {"milestones[1] = inf"});
  refused(std::vector<double>(65537, 1), GRADSTEP_OUT_OF_RANGE, {"65537", "65536"});
  EXPECT_EQ(value, 7);
  EXPECT_EQ(lr_of(schedule, 1, 1), 1);  // the old milestone is still set
  EXPECT_EQ(lr_of(schedule, 1, 1e9), 0.1);
  set_list(schedule, "milestones", std::vector<double>(65536, 1));
}

TEST(schedule_misuse, what_does_not_go_together) {
  const auto cycle = make_schedule(
      "one_cycle", {{"total_steps", 9}, {"three_phase", 1}, {"warmup_fraction", 0.75}});
  double lr = 7;
  expect_failure(gradstep_schedule_check(cycle.get()), GRADSTEP_INVALID_ARGUMENT,
                 {"one_cycle", "warmup_fraction"});
  expect_failure(gradstep_schedule_lr(cycle.get(), 1, 1, &lr), GRADSTEP_INVALID_ARGUMENT,
                 {"warmup_fraction"});
  const auto cyclic = make_schedule("cyclic", {{"max_lr", 1}, {"halves", 1}, {"gamma", 0.5}});
  expect_failure(gradstep_schedule_check(cyclic.get()), GRADSTEP_INVALID_ARGUMENT,
                 {"halves", "gamma"});
  EXPECT_EQ(lr, 7);
}

TEST(schedule_misuse, what_is_not_set) {
  for (const auto& name : schedule_names()) {
    for (const auto& info : parameters_of(name)) {
      if (!std::isnan(info.default_value)) continue;
      double lr = 7;
      const auto schedule = make_schedule(name);
      expect_failure(gradstep_schedule_check(schedule.get()), GRADSTEP_INVALID_ARGUMENT,
                     {name, "not set"});
      expect_failure(gradstep_schedule_lr(schedule.get(), 1, 1, &lr), GRADSTEP_INVALID_ARGUMENT,
                     {name, "not set"});
      EXPECT_EQ(lr, 7);
    }
  }
}

// ---- Evaluating -------------------------------------------------------------------------------

TEST(schedule_misuse, numbers) {
  const auto schedule = make_schedule("cyclic", {{"max_lr", 1}, {"drives_momentum", 1}});
  double value = 7;
  for (const double bad : {nan_value, infinite, -infinite, -0.5}) {
    expect_failure(gradstep_schedule_lr(schedule.get(), bad, 1, &value), GRADSTEP_OUT_OF_RANGE,
                   {"base_lr = " + as_text(bad), "[0, inf)"});
  }
  for (const double bad : {nan_value, infinite, -infinite, -0.5, 0x1p53 + 2}) {
    expect_failure(gradstep_schedule_lr(schedule.get(), 1, bad, &value), GRADSTEP_OUT_OF_RANGE,
                   {"t = ", "2^53"});
    expect_failure(gradstep_schedule_momentum(schedule.get(), bad, &value), GRADSTEP_OUT_OF_RANGE,
                   {"t = ", "2^53"});
  }
  EXPECT_EQ(value, 7);
}

TEST(schedule_misuse, momentum_that_is_not_driven) {
  for (const auto& name : schedule_names()) {
    const auto schedule = make_complete_schedule(name);
    double momentum = 7;
    expect_failure(gradstep_schedule_momentum(schedule.get(), 1, &momentum), GRADSTEP_UNSUPPORTED,
                   {name, "momentum"});
    EXPECT_EQ(momentum, 7);
  }
}

}  // namespace
}  // namespace gradstep_test
