// SPDX-License-Identifier: Apache-2.0
#include "claims.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "cases.hpp"
#include "fake_machine.hpp"

namespace bench {
namespace {

row row_of(const bench_case& c, const estimate& share, const estimate& ratio) {
  row r;
  r.name = c.name();
  r.percent_of_limit = share;
  for (const char* rival : {"careful", "flat", "apply", "separate", "adamw"}) {
    r.ratios[rival] = ratio;
  }
  return r;
}

/// The verdicts if every row of a quick run has these figures.
std::vector<std::string> verdicts(const estimate& share, const estimate& ratio) {
  std::vector<row> rows;
  for (const bench_case& c : cases_of(fake_machine(), extent::quick)) {
    rows.push_back(row_of(c, share, ratio));
  }
  std::vector<std::string> found;
  for (const judged_claim& c : judge(all_claims(fake_machine()), rows)) found.push_back(c.verdict);
  return found;
}

constexpr estimate good_share{97, 96.5, 97.5}, bad_share{30, 29.5, 30.5};
constexpr estimate good_ratio{0.5, 0.49, 0.51}, bad_ratio{3, 2.98, 3.02};

TEST(claims, have_their_rows_in_a_quick_run) {
  EXPECT_EQ(verdicts(good_share, good_ratio).size(), all_claims(fake_machine()).size());
}

TEST(claims, are_judged_if_their_intervals_are_narrow) {
  for (const std::string& v : verdicts(good_share, good_ratio)) EXPECT_EQ(v, "met");
  for (const std::string& v : verdicts(bad_share, bad_ratio)) EXPECT_EQ(v, "missed");
}

TEST(claims, are_not_judged_if_their_intervals_are_wide) {
  for (const std::string& v : verdicts({60, 30, 97}, {1, 0.5, 3})) EXPECT_EQ(v, "too busy");
}

TEST(claims, are_met_by_a_wide_interval_on_the_good_side) {
  for (const std::string& v : verdicts({97, 90, 120}, {0.5, 0.3, 0.7})) EXPECT_EQ(v, "met");
}

TEST(claims, without_a_row_or_its_ratio_are_left_out) {
  EXPECT_TRUE(judge(all_claims(fake_machine()), {}).empty());
  const claim of_ratio{"text", "a row", "careful", false, 1};
  row r;
  r.name = "a row";
  EXPECT_TRUE(judge({of_ratio}, {r}).empty());
}

TEST(claims, are_told_with_figure_limit_and_verdict) {
  const claim c{"16K: time / careful loop", "a row", "careful", false, 1.25};
  EXPECT_EQ(claims_text({{c, {1.5, 1.25, 1.75}, "missed"}}),
            "16K: time / careful loop                                    1.500  (1.250 to 1.750)  "
            "<= 1.25  missed\n");
}

}  // namespace
}  // namespace bench
