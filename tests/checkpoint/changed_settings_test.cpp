// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a resumed run whose program has changed a schedule or what is frozen.
// docs/checkpoints.md states it.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "support/checkpoint_files.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/schedule_setup.hpp"

namespace gradstep_test {
namespace {

constexpr std::uint64_t keep_settings = GRADSTEP_CHECKPOINT_KEEP_SETTINGS;

/// adam with a cosine over some number of steps. The second tensor is frozen after two steps.
struct program {
  explicit program(double total_steps)
      : schedule(make_schedule("cosine", {{"total_steps", total_steps}})) {
    const auto adam = make_rule("adam", {{"lr", 1}});
    auto group = group_options("all", adam.get());
    group.schedule = schedule.get();
    add_group(optimizer.get(), group);
    add_tensor(optimizer.get(), 0, "head", head.tensor());
    add_tensor(optimizer.get(), 0, "body", body.tensor());
  }
  void set_frozen(std::int32_t is_frozen) {
    expect_ok(gradstep_optimizer_set_frozen(optimizer.get(), 1, is_frozen));
  }
  std::string saved_after_five_steps() {
    for (int i = 0; i < 5; ++i) {
      if (i == 2) set_frozen(1);
      step(optimizer.get());
    }
    return bytes_of_checkpoint(optimizer.get());
  }
  void load(const std::string& bytes, std::uint64_t flags) {
    const auto options = load_options(bytes, with_params | flags);
    expect_ok(gradstep_optimizer_load_from(optimizer.get(), &options, nullptr));
  }
  double lr() const { return describe_group(optimizer.get(), 0).lr; }
  gradstep_tensor_info body_info() const { return describe_tensor(optimizer.get(), 1); }

  context_handle context = make_serial_context();
  optimizer_handle optimizer = make_optimizer(context.get());
  schedule_handle schedule;
  plain_tensor head{5}, body{5};
};

double cosine(double done) { return (1 + std::cos(std::acos(-1.0) * done)) / 2; }

TEST(changed_settings, a_longer_schedule_needs_keep_settings_or_set_schedule) {
  const std::string bytes = program(10).saved_after_five_steps();
  program longer(20);
  longer.load(bytes, 0);
  EXPECT_NEAR(longer.lr(), cosine(5.0 / 10), 1e-12);  // the file's schedule
  expect_ok(gradstep_optimizer_set_schedule(longer.optimizer.get(), 0, longer.schedule.get()));
  EXPECT_NEAR(longer.lr(), cosine(5.0 / 20), 1e-12);
  program keeping(20);
  keeping.load(bytes, keep_settings);
  EXPECT_EQ(keeping.lr(), longer.lr());
  step(keeping.optimizer.get());
  EXPECT_NEAR(keeping.lr(), cosine(6.0 / 20), 1e-12);
}

TEST(changed_settings, a_thawed_tensor_goes_on_with_its_own_count) {
  const std::string bytes = program(10).saved_after_five_steps();
  program thawing(10), uninterrupted(10), keeping(10);
  thawing.load(bytes, 0);
  EXPECT_EQ(thawing.body_info().is_frozen, 1);  // as in the file
  thawing.set_frozen(0);
  keeping.load(bytes, keep_settings);
  EXPECT_EQ(keeping.body_info().is_frozen, 0);
  uninterrupted.saved_after_five_steps();
  uninterrupted.set_frozen(0);
  for (program* each : {&thawing, &uninterrupted, &keeping}) {
    step(each->optimizer.get());
    EXPECT_EQ(each->body_info().step_count, 3U);
    EXPECT_EQ(describe_tensor(each->optimizer.get(), 0).step_count, 6U);
    expect_same_bits(each->body.bits(), thawing.body.bits());
    expect_same_bits(each->head.bits(), thawing.head.bits());
  }
}

/// The base rate of the program stays with KEEP_SETTINGS; state and counts are the file's.
TEST(changed_settings, keep_settings_goes_on_at_another_rate) {
  const std::string bytes = program(10).saved_after_five_steps();
  program slower(10), same(10);
  expect_ok(gradstep_optimizer_set_hyperparameter(slower.optimizer.get(), 0, "lr", 0.5));
  slower.load(bytes, keep_settings);
  same.load(bytes, 0);
  EXPECT_EQ(slower.lr(), same.lr() / 2);
  const double before = same.head.param.get(0);
  step(slower.optimizer.get());
  step(same.optimizer.get());
  EXPECT_NEAR(slower.head.param.get(0) - before, (same.head.param.get(0) - before) / 2, 1e-6);
}

}  // namespace
}  // namespace gradstep_test
