// SPDX-License-Identifier: Apache-2.0
#include "figures.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace bench {
namespace {

/// Rounds with these times of the step, 2 ns for its bytes and 1 ns for its arithmetic.
visit visit_of(std::vector<double> step) {
  const std::size_t rounds = step.size();
  return {std::move(step),
          std::vector<double>(rounds, 2.0),
          std::vector<double>(rounds, 1.0),
          std::vector<double>(rounds, 0.5),
          {{"careful", std::vector<double>(rounds, 1.5)}}};
}

TEST(figures, are_medians_of_all_rounds) {
  const row r =
      figures_of("a row", {visit_of({4, 4, 4}), visit_of({5, 5, 5}), visit_of({8, 8, 8})});
  EXPECT_EQ(r.name, "a row");
  EXPECT_EQ(r.ns_per_element.median, 5);
  EXPECT_EQ(r.bytes_ns, 2);
  EXPECT_EQ(r.arithmetic_ns, 1);
  EXPECT_EQ(r.percent_of_limit.median, 40);
  EXPECT_EQ(r.ratios.at("careful").median, 1.5);
  EXPECT_EQ(r.round_count, 9U);
}

TEST(figures, have_intervals_that_hold_the_medians_of_all_visits) {
  std::vector<visit> visits(8, visit_of(std::vector<double>(50, 5)));
  visits.push_back(visit_of({9, 9, 9}));
  const row r = figures_of("", visits);
  EXPECT_EQ(r.ns_per_element.median, 5);
  EXPECT_EQ(r.ns_per_element.low, 5);
  EXPECT_EQ(r.ns_per_element.high, 9);
  EXPECT_TRUE(r.is_busy());
}

TEST(figures, keep_each_visit) {
  const row r = figures_of("", {visit_of({4, 4, 6}), visit_of({5, 5, 5})});
  ASSERT_EQ(r.visits.size(), 2U);
  EXPECT_EQ(r.visits[0].ns_per_element, 4);
  EXPECT_EQ(r.visits[0].over_bytes, 2);
  EXPECT_EQ(r.visits[0].over_chain, 8);
  EXPECT_EQ(r.visits[1].over_bytes, 2.5);
}

TEST(figures, name_the_longer_time_as_the_limit) {
  visit v = visit_of({4, 4, 4});
  EXPECT_TRUE(figures_of("", {v}).is_bound_by_bytes());
  v.arithmetic = {3, 3, 3};
  const row r = figures_of("", {v});
  EXPECT_FALSE(r.is_bound_by_bytes());
  EXPECT_EQ(r.percent_of_limit.median, 75);
}

TEST(figures, are_not_busy_if_the_share_of_the_limit_is_steady) {
  visit v = visit_of({4, 5, 6});
  v.bytes = {2, 2.5, 3};
  const row r = figures_of("", {v});
  EXPECT_TRUE(is_wide(r.ns_per_element));
  EXPECT_FALSE(r.is_busy());
}

TEST(figures, have_the_interval_of_a_median_by_order_statistics) {
  std::vector<double> values;
  for (int i = 100; i > 0; --i) values.push_back(i);
  const estimate e = estimate_median(values);
  EXPECT_EQ(e.median, 50.5);
  // Ranks 50 -+ 0.98 sqrt(100), counted from 0.
  EXPECT_EQ(e.low, 41);
  EXPECT_EQ(e.high, 61);
}

TEST(turns, have_the_time_of_one_call_in_each_round) {
  using clock = std::chrono::steady_clock;
  int calls = 0;
  const auto wait = [&] {
    ++calls;
    const auto begin = clock::now();
    while (clock::now() - begin < std::chrono::microseconds(100)) continue;
  };
  const turns t = take_turns({{"waits", wait}, {"does nothing", [] {}}}, {0, 1e-3, 3});
  EXPECT_EQ(t.round_count(), 3U);
  // At least one to choose the number of calls, and one in each round.
  EXPECT_GE(calls, 4);
  EXPECT_GE(t.median_seconds(0), 1e-4);
  EXPECT_LT(t.median_seconds(1), t.median_seconds(0));
}

}  // namespace
}  // namespace bench
