// SPDX-License-Identifier: Apache-2.0
//
// Schedules at their last steps, with parameters at their bounds, and where a formula divides by
// zero.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "support/rule_setup.hpp"
#include "support/schedule_setup.hpp"

namespace gradstep_test {
namespace {

constexpr double largest = std::numeric_limits<double>::max();

// ---- Boundaries -------------------------------------------------------------------------------

TEST(schedule_edges, ends_are_exact_and_held) {
  const double base = 0.1, end = 0.007;
  for (const double total : {1.0, 3.0, 7.0, 1000.0, 0x1p53}) {
    for (const auto* name : {"polynomial", "cosine"}) {
      const auto schedule = make_schedule(name, {{"total_steps", total}, {"end_lr", end}});
      EXPECT_EQ(lr_of(schedule, base, 0), base) << name;
      EXPECT_EQ(lr_of(schedule, base, total), end) << name;
      EXPECT_EQ(lr_of(schedule, base, last_step), end) << name;
    }
    const auto cycle = make_schedule("one_cycle", {{"total_steps", total}});
    const double last = base / 25 / 1e4;
    EXPECT_EQ(lr_of(cycle, base, total - 1), last);
    EXPECT_EQ(lr_of(cycle, base, last_step), last);
  }
}

TEST(schedule_edges, one_cycle_with_phases_of_no_length) {
  // The rise ends at step 0.
  EXPECT_EQ(
      lr_of(make_schedule("one_cycle", {{"total_steps", 10}, {"warmup_fraction", 0.1}}), 1, 0), 1);
  // The rise fills the cycle.
  const auto rising = make_schedule("one_cycle", {{"total_steps", 10}, {"warmup_fraction", 1}});
  EXPECT_EQ(lr_of(rising, 1, 0), 1.0 / 25);
  EXPECT_EQ(lr_of(rising, 1, 9), 1);
  EXPECT_EQ(lr_of(rising, 1, 10), 1);
  // The cycle is one step long.
  for (const double fraction : {0.0, 0.3, 0.5, 1.0}) {
    const auto single =
        make_schedule("one_cycle", {{"total_steps", 1}, {"warmup_fraction", fraction}});
    EXPECT_EQ(lr_of(single, 1, 0), fraction == 1 ? 1 : 1.0 / 25 / 1e4);
  }
}

TEST(schedule_edges, restarts_are_exact) {
  for (const double factor : {1.0, 1.5, 2.0, 3.0, 10.0}) {
    for (const double period : {1.0, 3.0, 10.0, 12345.0}) {
      const auto schedule =
          make_schedule("cosine_restarts", {{"period", period}, {"period_factor", factor}});
      double start = 0, length = period;
      // As long as a start is a number that a double holds, in halves for 1.5.
      for (int i = 0; i < 25 && start < 0x1p50; ++i) {
        EXPECT_EQ(lr_of(schedule, 1, start), 1) << factor << " " << period << " " << i;
        if (start > 0) {
          EXPECT_LT(lr_of(schedule, 1, std::nextafter(start, 0)), 1e-6);
        }
        start += length;
        length *= factor;
      }
    }
  }
}

TEST(schedule_edges, restarts_far_away) {
  const auto schedule = make_schedule("cosine_restarts", {{"period", 7}});
  for (const double t : {0x1p53, 0x1p53 - 1, 0x1p52 + 3, 1e15}) {
    EXPECT_EQ(lr_of(schedule, 1, t), lr_of(schedule, 1, std::fmod(t, 7)));
  }
}

TEST(schedule_edges, fractions_of_a_step) {
  const auto steps = make_schedule("step", {{"step_size", 10}});
  EXPECT_EQ(lr_of(steps, 1, std::nextafter(10, 0)), 1);
  EXPECT_EQ(lr_of(steps, 1, 10), 0.1);
  const auto sequence = make_sequence({steps.get(), steps.get()}, {10, 0});
  EXPECT_EQ(lr_of(sequence, 1, std::nextafter(10, 0)), 1);
  EXPECT_EQ(lr_of(sequence, 1, 10), 1);
}

TEST(schedule_edges, no_warm_up_and_no_decay_in_wsd) {
  const auto schedule =
      make_schedule("wsd", {{"stable_steps", 0}, {"decay_steps", 0}, {"min_factor", 0.25}});
  EXPECT_EQ(lr_of(schedule, 1, 0), 0.25);
  EXPECT_EQ(lr_of(schedule, 1, last_step), 0.25);
}

// ---- Monotone facts ---------------------------------------------------------------------------

void expect_falling(const schedule_handle& schedule) {
  double before = lr_of(schedule, 1, 0);
  for (int half_steps = 1; half_steps < 800; ++half_steps) {
    const double now = lr_of(schedule, 1, half_steps / 2.0);
    ASSERT_LE(now, before) << half_steps / 2.0;
    before = now;
  }
}

TEST(schedule_edges, decays_never_rise) {
  for (const auto* name : {"step", "multistep", "exponential", "factor", "inverse_sqrt",
                           "inverse_time", "polynomial", "cosine"}) {
    SCOPED_TRACE(name);
    expect_falling(make_complete_schedule(name));
  }
  for (const double shape : {0.0, 1.0, 2.0}) {
    expect_falling(
        make_schedule("wsd", {{"stable_steps", 50}, {"decay_steps", 300}, {"decay_shape", shape}}));
  }
}

// ---- Every corner of the bounds ---------------------------------------------------------------

/// A parameter's default, and its bounds, or their neighbours where a bound is excluded.
std::vector<double> corners(const gradstep_hyperparameter_info& info) {
  const bool is_whole = info.kind != GRADSTEP_REAL;
  double low = info.minimum, high = std::min(info.maximum, largest);
  if ((info.flags & GRADSTEP_MINIMUM_EXCLUDED) != 0) low = std::nextafter(low, high);
  if ((info.flags & GRADSTEP_MAXIMUM_EXCLUDED) != 0 && high != largest) {
    high = std::nextafter(high, low);
  }
  std::vector<double> values = {low, high};
  if (is_whole && high > low + 1) values.push_back(low + 1);
  if (!is_whole && low < 0.5 && high > 0.5) values.push_back(0.5);
  if (!is_whole && high > 1.5) values.insert(values.end(), {1 + 0x1p-52, 1.5});
  if (!std::isnan(info.default_value)) values.push_back(info.default_value);
  return values;
}

void expect_valid(const schedule_handle& schedule, const std::string& text) {
  for (const double base_lr : {0.0, 5e-324, 0.1, largest}) {
    for (const double t : {0.0, 5e-324, 0.5, 1.0, 2.0, 9.5, 1e6, 1e15, last_step - 1, last_step}) {
      const double lr = lr_of(schedule, base_lr, t);
      ASSERT_TRUE(std::isfinite(lr) && lr >= 0) << lr << " of " << base_lr << " at " << t << text;
      double momentum = 0;
      if (gradstep_schedule_momentum(schedule.get(), t, &momentum) == GRADSTEP_OK) {
        ASSERT_TRUE(momentum >= 0 && momentum < 1) << momentum << " at " << t << text;
      }
    }
  }
}

/// Every pair of parameters takes every pair of their corners; the others have their defaults.
TEST(schedule_edges, corners_are_finite_and_not_negative) {
  std::size_t tried = 0;
  for (const auto& name : schedule_names()) {
    const auto all = parameters_of(name);
    for (const auto& a : all) {
      for (const auto& b : all) {
        if (a.kind == GRADSTEP_LIST || b.kind == GRADSTEP_LIST) continue;
        for (const double x : corners(a)) {
          for (const double y : corners(b)) {
            const option_values values = {{a.name, x}, {b.name, y}};
            const auto schedule = make_complete_schedule(name, values);
            if (has_parameter(name, "drives_momentum")) {
              gradstep_schedule_set(schedule.get(), "drives_momentum", 1);
            }
            if (gradstep_schedule_check(schedule.get()) != GRADSTEP_OK) continue;
            ASSERT_NO_FATAL_FAILURE(expect_valid(schedule, " " + name + " " + to_text(values)));
            ++tried;
          }
        }
      }
    }
  }
  EXPECT_GT(tried, 1000U);
}

/// The host's rounding mode and traps change no value.
TEST(schedule_edges, any_floating_point_environment) {
  for (const auto& name : schedule_names()) {
    const auto schedule = make_complete_schedule(name);
    for (const double t : {1.0, 7.0, 123.0}) {
      const double wanted = lr_of(schedule, 0.1, t);
      for (const int mode : {FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO}) {
        double lr = 0;
        std::fesetround(mode);
        const auto status = gradstep_schedule_lr(schedule.get(), 0.1, t, &lr);
        std::fesetround(FE_TONEAREST);
        ASSERT_EQ(status, GRADSTEP_OK);
        EXPECT_EQ(lr, wanted) << name;
      }
    }
  }
}

}  // namespace
}  // namespace gradstep_test
