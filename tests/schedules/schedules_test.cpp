// SPDX-License-Identifier: Apache-2.0
//
// Every schedule against its formula, which is written here in plain code.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "support/rule_setup.hpp"
#include "support/schedule_setup.hpp"

namespace gradstep_test {
namespace {

constexpr double base = 0.3;
constexpr double pi = std::numbers::pi;
const std::vector<double> steps = {0,  0.5, 1,  2,  2.75, 3,   4,    5,   6,   7,   8,     9,
                                   10, 11,  12, 15, 19,   20,  20.5, 21,  29,  30,  31,    40,
                                   55, 69,  70, 71, 99,   100, 101,  250, 999, 1e6, 0x1p53};

using formula = std::function<double(double t)>;

void expect_formula(const schedule_handle& schedule, const formula& wanted,
                    const std::vector<double>& ts = steps) {
  for (const double t : ts) {
    SCOPED_TRACE("t = " + std::to_string(t));
    expect_close_to(lr_of(schedule, base, t), wanted(t), 1e-4 * base);
  }
}

TEST(schedules, constant) {
  expect_formula(make_schedule("constant"), [](double) { return base; });
  expect_formula(make_schedule("constant", {{"factor", 0.25}, {"total_steps", 5}}),
                 [](double t) { return t < 5 ? base / 4 : base; });
}

TEST(schedules, step) {
  expect_formula(make_schedule("step", {{"step_size", 10}, {"gamma", 0.5}}),
                 [](double t) { return base * std::exp2(-std::floor(t / 10)); });
  EXPECT_EQ(lr_of(make_schedule("step", {{"step_size", 10}}), 1, 10), 0.1);
}

TEST(schedules, multistep) {
  const auto schedule = make_schedule("multistep", {{"gamma", 0.5}});
  set_list(schedule, "milestones", {3, 20.5, 20.5, 70});
  expect_formula(schedule, [](double t) {
    return base * (t < 3 ? 1 : t < 20.5 ? 0.5 : t < 70 ? 0.125 : 0.0625);
  });
  set_list(schedule, "milestones", {});
  expect_formula(schedule, [](double) { return base; });
}

TEST(schedules, exponential_and_factor) {
  expect_formula(make_schedule("exponential", {{"gamma", 0.99}}),
                 [](double t) { return base * std::pow(0.99, t); });
  expect_formula(make_schedule("factor", {{"factor", 0.9}, {"stop_lr", 0.01}}),
                 [](double t) { return std::max(0.01, base * std::pow(0.9, t)); });
}

TEST(schedules, inverse) {
  expect_formula(make_schedule("inverse_sqrt"), [](double t) { return base / std::sqrt(t + 1); });
  expect_formula(make_schedule("inverse_sqrt", {{"offset", 16}}),
                 [](double t) { return base / std::sqrt(t + 16); });
  expect_formula(make_schedule("inverse_time", {{"rate", 0.5}, {"decay_steps", 10}}),
                 [](double t) { return base / (1 + 0.5 * t / 10); });
  expect_formula(
      make_schedule("inverse_time", {{"rate", 0.5}, {"decay_steps", 10}, {"staircase", 1}}),
      [](double t) { return base / (1 + 0.5 * std::floor(t / 10)); });
}

TEST(schedules, polynomial_and_linear) {
  expect_formula(make_schedule("polynomial", {{"total_steps", 70}, {"power", 2}, {"end_lr", 0.1}}),
                 [](double t) { return 0.2 * std::pow(1 - std::min(t, 70.0) / 70, 2) + 0.1; });
  expect_formula(make_schedule("linear"),
                 [](double t) { return base * (1.0 / 3 + 2.0 / 3 * std::min(t, 5.0) / 5); });
  expect_formula(
      make_schedule("linear", {{"start_factor", 2}, {"end_factor", 0}, {"total_steps", 20}}),
      [](double t) { return base * (2 - 2 * std::min(t, 20.0) / 20); });
}

TEST(schedules, cosine) {
  expect_formula(make_schedule("cosine", {{"total_steps", 70}, {"end_lr", 0.1}}), [](double t) {
    return 0.1 + 0.2 * (1 + std::cos(pi * std::min(t, 70.0) / 70)) / 2;
  });
}

TEST(schedules, cosine_restarts) {
  const std::vector<double> near(steps.begin(), steps.end() - 2);
  expect_formula(make_schedule("cosine_restarts", {{"period", 20}}),
                 [](double t) { return base * (1 + std::cos(pi * std::fmod(t, 20) / 20)) / 2; });
  for (const double factor : {1.25, 1.5, 2.0, 3.0, 10.0}) {
    expect_formula(
        make_schedule("cosine_restarts",
                      {{"period", 4}, {"period_factor", factor}, {"end_lr", 0.05}}),
        [&](double t) {
          double length = 4;
          while (t >= length) {
            t -= length;
            length *= factor;
          }
          return 0.05 + 0.25 * (1 + std::cos(pi * t / length)) / 2;
        },
        near);
  }
}

double annealed(double from, double to, double x) {
  return to + (from - to) * (1 + std::cos(pi * x)) / 2;
}

TEST(schedules, one_cycle) {
  constexpr double start = base / 10, end = start / 50;
  const option_values values = {{"total_steps", 101},
                                {"start_divisor", 10},
                                {"final_divisor", 50},
                                {"warmup_fraction", 0.25},
                                {"drives_momentum", 1}};
  const auto two = make_schedule("one_cycle", values);
  constexpr double up = 0.25 * 101 - 1;
  const auto wanted = [&](double t, double low, double high, double last) {
    t = std::min(t, 100.0);
    return t <= up ? annealed(low, high, t / up) : annealed(high, last, (t - up) / (100 - up));
  };
  expect_formula(two, [&](double t) { return wanted(t, start, base, end); });
  for (const double t : steps) expect_close_to(momentum_of(two, t), wanted(t, 0.95, 0.85, 0.95));
}

TEST(schedules, one_cycle_in_three_straight_phases) {
  constexpr double start = base / 25, end = start / 1e4;
  const auto three = make_schedule(
      "one_cycle",
      {{"total_steps", 40}, {"three_phase", 1}, {"linear_anneal", 1}, {"drives_momentum", 1}});
  const auto line = [](double from, double to, double x) { return from + (to - from) * x; };
  expect_formula(three, [&](double t) {
    t = std::min(t, 39.0);
    if (t <= 11) return line(start, base, t / 11);
    return t <= 22 ? line(base, start, (t - 11) / 11) : line(start, end, (t - 22) / 17);
  });
  for (const double t : steps) {
    const double wanted = t <= 11   ? line(0.95, 0.85, t / 11)
                          : t <= 22 ? line(0.85, 0.95, (t - 11) / 11)
                                    : 0.95;
    expect_close_to(momentum_of(three, t), wanted);
  }
}

TEST(schedules, cyclic) {
  const auto triangle = [](double t) {
    t = std::fmod(t, 30);
    return t <= 20 ? t / 20 : (30 - t) / 10;
  };
  const option_values values = {
      {"max_lr", 0.9}, {"up_steps", 20}, {"down_steps", 10}, {"drives_momentum", 1}};
  const auto with = [&](const std::string& name, double value) {
    auto more = values;
    more.emplace_back(name, value);
    return make_schedule("cyclic", more);
  };
  const auto expect_height = [&](const schedule_handle& schedule, const formula& height) {
    expect_formula(schedule, [&](double t) { return base + 0.6 * height(t); });
    for (const double t : steps) {
      expect_close_to(momentum_of(schedule, t), 0.9 - (0.9 - 0.8) * height(t));
    }
  };
  expect_height(make_schedule("cyclic", values), triangle);
  expect_height(with("halves", 1),
                [&](double t) { return triangle(t) * std::exp2(-std::floor(t / 30)); });
  expect_height(with("gamma", 0.99), [&](double t) { return triangle(t) * std::pow(0.99, t); });
  expect_formula(make_schedule("cyclic", {{"max_lr", 0.9}, {"up_steps", 8}}),
                 [](double t) { return base + 0.6 * (1 - std::abs(std::fmod(t, 16) - 8) / 8); });
}

TEST(schedules, wsd) {
  for (const double shape : {0.0, 1.0, 2.0}) {
    const auto schedule = make_schedule("wsd", {{"warmup_steps", 10},
                                                {"stable_steps", 20},
                                                {"decay_steps", 40},
                                                {"decay_shape", shape},
                                                {"min_factor", 0.1}});
    expect_formula(schedule, [&](double t) {
      if (t < 10) return base * t / 10;
      if (t < 30) return base;
      const double x = std::min(t - 30, 40.0) / 40;
      const double f = shape == 0   ? 1 - x
                       : shape == 1 ? (1 + std::cos(pi * x)) / 2
                                    : 1 - std::sqrt(x);
      return base * (f * 0.9 + 0.1);
    });
  }
}

TEST(schedules, noam) {
  expect_formula(make_schedule("noam", {{"model_size", 512}, {"warmup_steps", 30}}), [](double t) {
    return base * std::pow(512, -0.5) *
           std::min(std::pow(t + 1, -0.5), (t + 1) * std::pow(30, -1.5));
  });
}

// ---- Warm-up and sequences --------------------------------------------------------------------

TEST(schedules, warm_up_composes_with_all_others) {
  for (const auto& name : schedule_names()) {
    SCOPED_TRACE(name);
    EXPECT_EQ(has_parameter(name, "warmup_begin_lr"), name != "wsd" && name != "noam");
    if (!has_parameter(name, "warmup_begin_lr")) continue;
    const auto plain = make_complete_schedule(name);
    const auto warmed =
        make_complete_schedule(name, {{"warmup_steps", 8}, {"warmup_begin_lr", 0.02}});
    const double first = lr_of(plain, base, 0);
    EXPECT_EQ(lr_of(warmed, base, 0), 0.02);
    expect_formula(warmed, [&](double t) {
      return t < 8 ? 0.02 + (first - 0.02) * t / 8 : lr_of(plain, base, t - 8);
    });
  }
}

TEST(schedules, momentum_waits_for_the_warm_up) {
  const auto schedule =
      make_schedule("cyclic", {{"max_lr", 1}, {"drives_momentum", 1}, {"warmup_steps", 100}});
  EXPECT_EQ(momentum_of(schedule, 0), 0.9);
  EXPECT_EQ(momentum_of(schedule, 100), 0.9);
  EXPECT_NEAR(momentum_of(schedule, 2100), 0.8, 1e-15);
}

TEST(schedules, sequences_nest) {
  const auto linear = make_schedule("linear");
  const auto cosine = make_schedule("cosine", {{"total_steps", 10}});
  const auto constant = make_schedule("constant", {{"factor", 0.5}, {"total_steps", 1}});
  const auto inner = make_sequence({cosine.get(), linear.get()}, {12, 0});
  const auto outer = make_sequence({constant.get(), inner.get(), constant.get()}, {3, 40, 77});
  expect_formula(outer, [&](double t) {
    if (t < 3) return lr_of(constant, base, t);
    if (t < 15) return lr_of(cosine, base, t - 3);
    return t < 43 ? lr_of(linear, base, t - 15) : lr_of(constant, base, t - 43);
  });
}

TEST(schedules, a_sequence_keeps_copies) {
  auto part = make_schedule("exponential", {{"gamma", 0.5}});
  const auto sequence = make_sequence({part.get()}, {0});
  EXPECT_EQ(gradstep_schedule_set(part.get(), "gamma", 0.25), GRADSTEP_OK);
  part.reset();
  EXPECT_EQ(lr_of(sequence, 1, 3), 0.125);
}

TEST(schedules, momentum_of_a_sequence_is_that_of_its_part) {
  const auto plain = make_schedule("constant");
  const auto cycle = make_schedule("one_cycle", {{"total_steps", 10}, {"drives_momentum", 1}});
  const auto sequence = make_sequence({plain.get(), cycle.get()}, {5, 0});
  double momentum = 7;
  EXPECT_EQ(gradstep_schedule_momentum(sequence.get(), 4, &momentum), GRADSTEP_UNSUPPORTED);
  EXPECT_EQ(momentum, 7);
  EXPECT_EQ(momentum_of(sequence, 5), momentum_of(cycle, 0));
  EXPECT_EQ(momentum_of(sequence, 9), momentum_of(cycle, 4));
}

}  // namespace
}  // namespace gradstep_test
