// SPDX-License-Identifier: Apache-2.0
//
// Plateaus against PyTorch's ReduceLROnPlateau, recorded by tests/golden/record_schedules.py, and
// the cases in which they differ on purpose.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/optimizer_setup.hpp"
#include "support/test_paths.hpp"
#include "support/test_values.hpp"
#include "support/wrong_structs.hpp"

namespace gradstep_test {
namespace {

using nlohmann::json;

gradstep_plateau plateau_of(const json& values, double lr) {
  auto plateau = make_plateau(lr);
  plateau.factor = values.value("factor", plateau.factor);
  plateau.patience = values.value("patience", plateau.patience);
  plateau.cooldown = values.value("cooldown", plateau.cooldown);
  plateau.threshold = values.value("threshold", plateau.threshold);
  plateau.min_lr = values.value("min_lr", plateau.min_lr);
  plateau.eps = values.value("eps", plateau.eps);
  plateau.is_absolute = values.value("threshold_mode", "rel") == "abs" ? 1 : 0;
  plateau.maximizes = values.value("mode", "min") == "max" ? 1 : 0;
  if (plateau.maximizes == 1) plateau.best = -std::numeric_limits<double>::infinity();
  return plateau;
}

TEST(plateau, follows_pytorch) {
  const json recorded = json::parse(std::ifstream(golden_file("schedules.json")));
  const double base = recorded.at("base_lr").get<double>();
  std::size_t reduced_count = 0;
  ASSERT_EQ(recorded.at("plateaus").size(), 9U);
  for (const auto& one : recorded.at("plateaus")) {
    SCOPED_TRACE(one.at("values").dump());
    auto plateau = plateau_of(one.at("values"), base);
    for (std::size_t i = 0; i < one.at("metrics").size(); ++i) {
      SCOPED_TRACE(i);
      const json& metric = one.at("metrics")[i];
      const json& wanted = one.at("states")[i];
      const double before = plateau.lr;
      std::int32_t is_reduced = -1;
      ASSERT_EQ(gradstep_plateau_report(&plateau,
                                        metric.is_null() ? std::numeric_limits<double>::quiet_NaN()
                                                         : metric.get<double>(),
                                        &is_reduced),
                GRADSTEP_OK);
      EXPECT_EQ(plateau.lr, wanted.at(0).get<double>());
      EXPECT_EQ(plateau.best, wanted.at(1).get<double>());
      EXPECT_EQ(plateau.bad_count, wanted.at(2).get<std::uint64_t>());
      EXPECT_EQ(plateau.cooldown_left, wanted.at(3).get<std::uint64_t>());
      EXPECT_EQ(is_reduced, plateau.lr < before ? 1 : 0);
      reduced_count += is_reduced == 1 ? 1 : 0;
    }
  }
  EXPECT_GE(reduced_count, 20U);
}

bool report(gradstep_plateau& plateau, double metric) {
  std::int32_t is_reduced = -1;
  EXPECT_EQ(gradstep_plateau_report(&plateau, metric, &is_reduced), GRADSTEP_OK)
      << gradstep_last_error();
  EXPECT_TRUE(is_reduced == 0 || is_reduced == 1);
  return is_reduced == 1;
}

TEST(plateau, starts_with_the_defaults_of_pytorch) {
  const auto plateau = make_plateau(0.5);
  EXPECT_EQ(plateau.lr, 0.5);
  EXPECT_EQ(plateau.factor, 0.1);
  EXPECT_EQ(plateau.threshold, 1e-4);
  EXPECT_EQ(plateau.min_lr, 0);
  EXPECT_EQ(plateau.eps, 1e-8);
  EXPECT_EQ(plateau.best, infinite);
  EXPECT_EQ(plateau.patience, 10U);
  EXPECT_EQ(plateau.cooldown, 0U);
  EXPECT_EQ(plateau.bad_count, 0U);
  EXPECT_EQ(plateau.cooldown_left, 0U);
  EXPECT_EQ(plateau.maximizes, 0);
  EXPECT_EQ(plateau.is_absolute, 0);
}

/// A metric is better if it lies beyond best by more than threshold * |best|, whatever the sign of
/// best.
TEST(plateau, thresholds_of_metrics_below_zero) {
  const struct {
    std::int32_t maximizes;
    double best, almost, better;
  } cases[] = {
      {0, -10, -10.9, -11.1}, {0, 10, 9.1, 8.9}, {1, -10, -9.1, -8.9}, {1, 10, 10.9, 11.1}};
  for (const auto& one : cases) {
    auto plateau = make_plateau(1);
    plateau.threshold = 0.1;
    plateau.maximizes = one.maximizes;
    plateau.best = one.best;
    report(plateau, one.almost);
    EXPECT_EQ(plateau.best, one.best);
    EXPECT_EQ(plateau.bad_count, 1U);
    report(plateau, one.better);
    EXPECT_EQ(plateau.best, one.better);
    EXPECT_EQ(plateau.bad_count, 0U);
  }
}

TEST(plateau, the_first_report_is_good_whatever_the_threshold) {
  for (const double threshold : {0.0, 1.0, 5.0, 1e300}) {
    for (const std::int32_t maximizes : {0, 1}) {
      auto plateau = make_plateau(1);
      plateau.threshold = threshold;
      plateau.maximizes = maximizes;
      plateau.best = maximizes == 1 ? -infinite : infinite;
      report(plateau, 3);
      EXPECT_EQ(plateau.best, 3);
    }
  }
}

TEST(plateau, metrics_that_are_not_finite_are_bad) {
  for (const std::int32_t maximizes : {0, 1}) {
    auto plateau = make_plateau(1);
    plateau.patience = 2;
    plateau.maximizes = maximizes;
    plateau.best = maximizes == 1 ? -infinite : infinite;
    EXPECT_FALSE(report(plateau, nan_value));
    EXPECT_FALSE(report(plateau, infinite));
    EXPECT_EQ(plateau.bad_count, 2U);
    EXPECT_TRUE(report(plateau, -infinite));
    EXPECT_EQ(plateau.best, maximizes == 1 ? -infinite : infinite);
    EXPECT_DOUBLE_EQ(plateau.lr, 0.1);
  }
}

TEST(plateau, endless_patience) {
  auto plateau = make_plateau(1);
  plateau.patience = plateau.bad_count = UINT64_MAX;
  EXPECT_FALSE(report(plateau, nan_value));
  EXPECT_EQ(plateau.bad_count, UINT64_MAX);
  EXPECT_EQ(plateau.lr, 1);
}

TEST(plateau, the_rate_stays_at_its_floor) {
  auto plateau = make_plateau(1);
  plateau.patience = 0;
  plateau.min_lr = 0.05;
  EXPECT_FALSE(report(plateau, 1));
  EXPECT_TRUE(report(plateau, 1));
  EXPECT_TRUE(report(plateau, 1));
  EXPECT_EQ(plateau.lr, 0.05);
  EXPECT_FALSE(report(plateau, 1));
  EXPECT_EQ(plateau.lr, 0.05);
  plateau.min_lr = 2;  // above the rate, which stays
  EXPECT_FALSE(report(plateau, 1));
  EXPECT_EQ(plateau.lr, 0.05);
}

// ---- Wrong arguments --------------------------------------------------------------------------

TEST(plateau_misuse, structs) {
  check_filled_struct<gradstep_plateau>(
      [](auto* plateau) { return gradstep_plateau_init(plateau, 0.1); });
  expect_failure(gradstep_plateau_report(nullptr, 1, nullptr), GRADSTEP_INVALID_ARGUMENT,
                 {"plateau"});
  for (const std::size_t size : bad_sizes) {
    auto plateau = make_plateau(1);
    plateau.struct_size = size;
    expect_failure(gradstep_plateau_report(&plateau, 1, nullptr), GRADSTEP_INVALID_ARGUMENT,
                   {"struct_size"});
    EXPECT_EQ(plateau.best, infinite);
  }
  larger<gradstep_plateau> bigger;
  EXPECT_EQ(gradstep_plateau_init(&bigger.known, 1), GRADSTEP_OK);
  EXPECT_EQ(gradstep_plateau_report(&bigger.known, 1, nullptr), GRADSTEP_OK);
  bigger.unknown[5] = 1;
  expect_failure(gradstep_plateau_report(&bigger.known, 0, nullptr), GRADSTEP_INVALID_ARGUMENT,
                 {"plateau"});
  EXPECT_EQ(bigger.known.best, 1);
}

TEST(plateau_misuse, rate_of_init) {
  for (const double bad : {nan_value, infinite, -0.5}) {
    auto plateau = make_plateau(0.25);
    expect_failure(gradstep_plateau_init(&plateau, bad), GRADSTEP_OUT_OF_RANGE,
                   {"lr", as_text(bad), "[0, inf)"});
    EXPECT_EQ(plateau.lr, 0.25);
  }
}

template <class Field>
void expect_refused(Field gradstep_plateau::*field, const std::string& name,
                    const std::vector<Field>& bad_values) {
  for (const Field bad : bad_values) {
    auto plateau = make_plateau(1);
    plateau.*field = bad;
    const auto before = plateau;
    std::int32_t is_reduced = 7;
    expect_failure(gradstep_plateau_report(&plateau, 1, &is_reduced), GRADSTEP_OUT_OF_RANGE,
                   {"plateau." + name, as_text(bad)});
    EXPECT_EQ(is_reduced, 7);
    // Every byte; there is no padding. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
    EXPECT_EQ(std::memcmp(&plateau, &before, sizeof plateau), 0);
  }
}

TEST(plateau_misuse, values) {
  const std::vector<double> bad = {nan_value, infinite, -infinite, -1};
  expect_refused(&gradstep_plateau::lr, "lr", bad);
  expect_refused(&gradstep_plateau::threshold, "threshold", bad);
  expect_refused(&gradstep_plateau::min_lr, "min_lr", bad);
  expect_refused(&gradstep_plateau::eps, "eps", bad);
  expect_refused(&gradstep_plateau::factor, "factor", {nan_value, infinite, -0.5, 0, 1, 2});
  expect_refused(&gradstep_plateau::best, "best", {nan_value, -infinite});
  expect_refused(&gradstep_plateau::is_absolute, "is_absolute", {2, -1});
  expect_refused(&gradstep_plateau::maximizes, "maximizes", {2, -1});
}

TEST(plateau_misuse, best_of_the_wrong_direction) {
  auto plateau = make_plateau(1);
  plateau.maximizes = 1;
  expect_failure(gradstep_plateau_report(&plateau, 1, nullptr), GRADSTEP_OUT_OF_RANGE,
                 {"plateau.best", "inf", "maximizes"});
}

}  // namespace
}  // namespace gradstep_test
