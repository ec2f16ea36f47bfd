// SPDX-License-Identifier: Apache-2.0
//
// lib/schedules/schedule.hpp: what its accessors give is enough to make the schedule again, as a
// checkpoint does.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/failure.hpp"
#include "fuzz/checkpoint_input.hpp"
#include "safetensors/saved_files.hpp"
#include "schedules/schedule.hpp"
#include "support/parameter.hpp"

namespace gradstep::internal {
namespace {

/// The same schedule, made from what the accessors give.
schedule remade(const schedule& from) {
  if (from.is_sequence()) {
    std::vector<schedule> parts;
    for (const schedule& part : from.parts()) parts.push_back(remade(part));
    return schedule::sequence(std::move(parts), from.lengths());
  }
  schedule result{std::string(from.name())};
  const auto all = from.info().hyperparameters;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (std::isnan(from.value(i))) continue;
    if (all[i].bounds.kind == value_kind::list) {
      result.set_list(i, from.list());
    } else {
      result.set(i, from.value(i));
    }
  }
  return result;
}

void set(schedule& of, const char* name, double value) {
  of.set(find_hyperparameter(of.info(), name), value);
}

void set_milestones(schedule& of, std::span<const double> milestones) {
  of.set_list(find_hyperparameter(of.info(), "milestones"), milestones);
}

schedule steps_at(std::vector<double> milestones) {
  schedule result("multistep");
  set_milestones(result, milestones);
  return result;
}

TEST(schedule_value, is_made_again_from_what_can_be_read) {
  for (const schedule_entry& entry : schedule_catalogue()) {
    const schedule fresh{std::string(entry.info->name)};
    EXPECT_EQ(remade(fresh), fresh) << entry.info->name;
  }
  const std::uint64_t lengths[] = {5, 0};
  const schedule inner = schedule::sequence({steps_at({1, 2, 2}), schedule("noam")}, lengths);
  const schedule outer = schedule::sequence({inner, steps_at({})}, lengths);
  EXPECT_EQ(remade(outer), outer);
  EXPECT_FALSE(remade(outer) == inner);
}

TEST(schedule_value, differs_in_any_part) {
  const schedule plain("step");
  schedule other = plain;
  EXPECT_EQ(other, plain);
  set(other, "step_size", 3);
  EXPECT_FALSE(other == plain);
  EXPECT_FALSE(schedule("linear") == plain);
  EXPECT_FALSE(steps_at({1, 2}) == steps_at({1, 3}));
  EXPECT_FALSE(steps_at({}) == schedule("multistep"));
  const std::uint64_t five[] = {5, 0}, six[] = {6, 0}, last[] = {5, 9};
  EXPECT_FALSE(schedule::sequence({plain, plain}, five) == schedule::sequence({plain, plain}, six));
  EXPECT_FALSE(schedule::sequence({plain, plain}, five) ==
               schedule::sequence({plain, other}, five));
  EXPECT_EQ(schedule::sequence({plain, plain}, five), schedule::sequence({plain, plain}, last));
}

TEST(schedule_value, knows_whether_it_drives_momentum) {
  schedule cycle("one_cycle");
  set(cycle, "total_steps", 10);
  EXPECT_FALSE(cycle.drives_momentum());
  EXPECT_TRUE(std::isnan(cycle.momentum(1)));
  set(cycle, "drives_momentum", 1);
  EXPECT_TRUE(cycle.drives_momentum());
  const std::uint64_t lengths[] = {5, 0};
  const schedule sequence = schedule::sequence({schedule("constant"), cycle}, lengths);
  EXPECT_TRUE(sequence.drives_momentum());
  EXPECT_TRUE(std::isnan(sequence.momentum(4)));
  EXPECT_FALSE(std::isnan(sequence.momentum(5)));
}

TEST(schedule_value, a_failed_call_changes_nothing) {
  schedule steps = steps_at({1, 2});
  const schedule before = steps;
  const double falling[] = {2, 1};
  EXPECT_THROW(set_milestones(steps, falling), failure);
  EXPECT_THROW(set(steps, "gamma", -1), failure);
  EXPECT_EQ(steps, before);
  const std::uint64_t one[] = {5};
  EXPECT_THROW(schedule::sequence({steps, steps}, one), failure);
}

}  // namespace
}  // namespace gradstep::internal
