// SPDX-License-Identifier: Apache-2.0
//
// The C++ handles of schedules and plateaus.
#include <gtest/gtest.h>
#include <gradstep/gradstep.hpp>

#include <vector>

namespace gradstep_test {
namespace {

TEST(schedule_handles, settings_lists_and_rates) {
  gradstep::schedule steps("multistep", {{"gamma", 0.5}});
  EXPECT_THROW((void)steps.lr(1, 0), gradstep::error);
  steps.set("milestones", std::vector<double>{2, 4});
  EXPECT_EQ(steps.get("gamma"), 0.5);
  EXPECT_EQ(steps.lr(1, 3), 0.5);
  steps.set("gamma", 0.25);
  EXPECT_EQ(steps.lr(1, 4), 0.0625);
  EXPECT_THROW((void)steps.momentum(0), gradstep::error);
  EXPECT_THROW(gradstep::schedule("cosines"), gradstep::error);
}

TEST(schedule_handles, momentum) {
  const gradstep::schedule cycle("cyclic", {{"max_lr", 1}, {"drives_momentum", 1}});
  EXPECT_EQ(cycle.momentum(0), 0.9);
}

TEST(schedule_handles, sequences) {
  const gradstep::schedule half("constant", {{"factor", 0.5}, {"total_steps", 100}});
  const gradstep::schedule fall("exponential", {{"gamma", 0.5}});
  const auto both = gradstep::schedule::sequence({&half, &fall}, {10});
  EXPECT_EQ(both.lr(1, 9), 0.5);
  EXPECT_EQ(both.lr(1, 10), 1);
  EXPECT_EQ(both.lr(1, 12), 0.25);
  EXPECT_THROW((void)gradstep::schedule::sequence({&half, &fall}, {10, 20}), gradstep::error);
  EXPECT_THROW((void)gradstep::schedule::sequence({}, {}), gradstep::error);
  EXPECT_THROW((void)gradstep::schedule::sequence({&half, &fall}, {0}), gradstep::error);
}

TEST(schedule_handles, plateau) {
  gradstep::plateau first(1);
  auto state = first.state();
  state.patience = 0;
  gradstep::plateau impatient(state);
  EXPECT_FALSE(impatient.report(5));
  EXPECT_TRUE(impatient.report(5));
  EXPECT_DOUBLE_EQ(impatient.lr(), 0.1);
  EXPECT_THROW(gradstep::plateau(-1), gradstep::error);
  EXPECT_FALSE(first.report(5));
  EXPECT_EQ(first.lr(), 1);
}

}  // namespace
}  // namespace gradstep_test
