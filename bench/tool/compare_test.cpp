// SPDX-License-Identifier: Apache-2.0
#include "compare.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "compare_output.hpp"
#include "sample_result.hpp"
#include "student_t.hpp"

namespace {

using bench::change;
using nlohmann::json;

json result_of(const std::vector<std::vector<double>>& rows) {
  std::vector<json> made;
  for (const auto& visits : rows) {
    made.push_back(bench::sample_row("row " + std::to_string(made.size()), visits));
  }
  return bench::sample_result(made);
}

TEST(compare, the_interval_is_that_of_the_formulas) {
  // Logarithms with simple variances: 0.0004 and 0.0001, whose median in A is 0.00025.
  const auto visits = [](double middle, double step) {
    return std::vector<double>{middle * std::exp(-step), middle, middle * std::exp(step)};
  };
  const json a = result_of({visits(1, 0.02), visits(2, 0.01)});
  const json b = result_of({visits(1.1, 0.03), visits(2, 0.01)});
  const auto row = bench::compare_results(a, b).rows.at(0);
  const double of_a = (2 * 0.0004 + 4 * 0.00025) / 6 / 3;
  const double of_b = (2 * 0.0009 + 4 * 0.0005) / 6 / 3;
  const double all = of_a + of_b + 2 * bench::between_runs * bench::between_runs;
  const double degrees = all * all / (of_a * of_a / 6 + of_b * of_b / 6);
  const double half = bench::two_sided_t(0.99, degrees) * std::sqrt(all);
  EXPECT_NEAR(row.ratio.ratio, 1.1, 1e-12);
  EXPECT_NEAR(row.ratio.low, 1.1 * std::exp(-half), 1e-9);
  EXPECT_NEAR(row.ratio.high, 1.1 * std::exp(half), 1e-9);
  EXPECT_EQ(row.measure, "ns_per_element");
}

TEST(compare, a_row_with_one_visit_has_the_variance_of_the_others) {
  const json a = result_of({{1}, {1, 1.02, 0.98}, {1}});
  const auto rows = bench::compare_results(a, a).rows;
  EXPECT_EQ(rows[0].ratio.ratio, 1);
  EXPECT_GT(rows[0].ratio.high, rows[1].ratio.high);
}

TEST(compare, without_second_visits_the_rows_intervals_stand_for_the_variance) {
  json a = result_of({{1}, {1}});
  const double narrow = bench::compare_results(a, a).rows[0].ratio.high;
  for (json& row : a["rows"]) row["ns_per_element"]["high"] = 1.2;
  EXPECT_GT(bench::compare_results(a, a).rows[0].ratio.high, narrow * 1.05);
}

TEST(compare, verdicts) {
  const auto verdict = [](double ratio, double low, double high) {
    return bench::judge({ratio, low, high}, 2);
  };
  EXPECT_EQ(verdict(1.05, 1.02, 1.08), change::slower);
  EXPECT_EQ(verdict(0.95, 0.92, 0.98), change::faster);
  EXPECT_EQ(verdict(1.03, 0.999, 1.062), change::none);
  EXPECT_EQ(verdict(1.019, 1.01, 1.028), change::none);
  EXPECT_EQ(verdict(0.985, 0.98, 0.99), change::none);
  EXPECT_EQ(verdict(1.0, 0.9, 1.11), change::too_busy);
  EXPECT_EQ(verdict(2.0, 1.5, 2.67), change::slower);
  EXPECT_EQ(bench::judge({1.03, 1.02, 1.04}, 5), change::none);
}

TEST(compare, the_bytes_time_cancels_the_memory_of_the_day) {
  json a = result_of({{1, 1.01, 0.99}});
  json b = result_of({{1.2, 1.21, 1.19}});
  for (json* result : {&a, &b}) {
    for (json& visit : (*result)["rows"][0]["visits"]) visit["over_bytes"] = 1.5;
  }
  const auto of_one_model = bench::compare_results(a, b).rows[0];
  EXPECT_EQ(of_one_model.measure, "over_bytes");
  EXPECT_EQ(of_one_model.verdict, change::none);

  b["rows"][0]["visits"][1].erase("over_bytes");
  EXPECT_EQ(bench::compare_results(a, b).rows[0].measure, "ns_per_element");

  b["rows"][0]["visits"][1]["over_bytes"] = 1.5;
  b["machine"]["cpu"]["model"] = "Another CPU";
  const auto of_two_models = bench::compare_results(a, b).rows[0];
  EXPECT_EQ(of_two_models.measure, "ns_per_element");
  EXPECT_EQ(of_two_models.verdict, change::slower);
}

TEST(compare, where_arithmetic_binds_the_chains_time_cancels_the_clock) {
  json a = result_of({{1, 1.01, 0.99}});
  json b = result_of({{1.2, 1.21, 1.19}});
  for (json* result : {&a, &b}) {
    json& row = (*result)["rows"][0];
    row["limit"] = {{"bytes_ns", 0.5}, {"binds", "arithmetic"}};
    row["percent_of_limit"] = {{"median", 50}, {"low", 49}, {"high", 51}};
    for (json& visit : row["visits"]) visit.update({{"over_bytes", 2}, {"over_chain", 3}});
  }
  const auto by_chain = bench::compare_results(a, b).rows[0];
  EXPECT_EQ(by_chain.measure, "over_chain");
  EXPECT_EQ(by_chain.verdict, change::none);

  for (json* result : {&a, &b}) (*result)["rows"][0]["limit"]["binds"] = "bytes";
  EXPECT_EQ(bench::compare_results(a, b).rows[0].measure, "over_bytes");
  a["rows"][0]["limit"]["binds"] = "arithmetic";
  b["rows"][0]["visits"][0].erase("over_chain");
  EXPECT_EQ(bench::compare_results(a, b).rows[0].measure, "over_bytes");
}

TEST(compare, one_busy_visit_does_not_make_a_row_uncertain) {
  json a = result_of({{1, 1.002, 0.998, 1.001}, {1, 1.002, 0.998, 1.001}, {1, 1.002, 0.998, 1.4}});
  const auto rows = bench::compare_results(a, a).rows;
  EXPECT_LT(rows[2].ratio.high, 1.04);
  EXPECT_EQ(rows[2].verdict, change::none);
}

TEST(compare, rows_that_bytes_bind_and_others_have_typical_variances_of_their_own) {
  // Two rows vary by a tenth, those that arithmetic binds by a thousandth.
  json a = result_of({{1, 1.1, 0.9}, {1, 1.1, 0.9}, {1, 1.001, 0.999}, {1, 1.001, 0.999}});
  for (const std::size_t i : {2U, 3U}) {
    a["rows"][i]["limit"] = {{"bytes_ns", 0.5}, {"binds", "arithmetic"}};
  }
  const auto rows = bench::compare_results(a, a).rows;
  EXPECT_GT(rows[0].ratio.high, 1.2);
  EXPECT_LT(rows[2].ratio.high, 1.05);
}

/// A run of 400 rows whose times vary between visits and between runs, row 7 slower by `slower`.
json a_run(unsigned seed, double slower) {
  std::mt19937 random(seed);
  std::normal_distribution<double> between_visits(0, 0.01);
  std::normal_distribution<double> between_runs(0, bench::between_runs);
  std::vector<std::vector<double>> rows;
  for (int i = 0; i < 400; ++i) {
    const double middle = (i == 7 ? slower : 1) * std::exp(between_runs(random));
    rows.push_back({});
    for (int v = 0; v < 5; ++v) rows.back().push_back(middle * std::exp(between_visits(random)));
  }
  return result_of(rows);
}

TEST(compare, two_runs_of_one_program_do_not_differ) {
  const auto compared = bench::compare_results(a_run(1, 1), a_run(2, 1));
  EXPECT_GE(bench::count_of(compared, change::none), 396U);
  EXPECT_FALSE(bench::has_slower_row(compared, 5));
}

TEST(compare, one_slower_row_is_found) {
  const auto compared = bench::compare_results(a_run(1, 1), a_run(2, 1.08));
  EXPECT_EQ(compared.rows[7].verdict, change::slower);
  EXPECT_TRUE(bench::has_slower_row(compared, 5));
  EXPECT_FALSE(bench::has_slower_row(compared, 12));
}

TEST(compare, rows_of_one_result_are_named) {
  json a = result_of({{1, 1}, {1, 1}});
  json b = result_of({{1, 1}, {1, 1}});
  b["rows"][0]["contender"] = "torch fused";
  const auto compared = bench::compare_results(a, b);
  ASSERT_EQ(compared.rows.size(), 1U);
  EXPECT_EQ(compared.rows[0].row.name, "row 1");
  EXPECT_EQ(compared.only_a.at(0).contender, "gradstep");
  EXPECT_EQ(compared.only_b.at(0).contender, "torch fused");
  EXPECT_EQ(bench::text_of(compared, false),
            "\n1 row of A alone:\n  row 0\n\n1 row of B alone:\n  row 0 (torch fused)\n"
            "\n1 row compared: 1 no difference, 0 slower, 0 faster, 0 too busy.\n");
}

TEST(compare, results_without_rows_compare) {
  const json none = result_of({});
  EXPECT_EQ(bench::text_of(bench::compare_results(none, none), false),
            "\n0 rows compared: 0 no difference, 0 slower, 0 faster, 0 too busy.\n");
  EXPECT_EQ(bench::compare_results(none, result_of({{1}})).only_b.size(), 1U);
}

TEST(compare, the_json_has_what_the_text_has) {
  json b = result_of({{1.5, 1.5}, {1, 1}, {1, 1}});
  b["software"]["compiler"] = "Clang 19";
  const json a = result_of({{1, 1}, {1, 1}});
  const auto compared = bench::compare_results(a, b);
  const json made = bench::json_of(bench::machine_differences(a, b), compared);
  EXPECT_EQ(made["differences"], json::parse(R"([{"field": "software.compiler", "a": "GCC 12.2.0",
                                                  "b": "Clang 19"}])"));
  EXPECT_EQ(made["summary"],
            json::parse(R"({"no difference": 1, "slower": 1, "faster": 0, "too busy": 0})"));
  EXPECT_EQ(made["rows"][0]["verdict"], "slower");
  EXPECT_NEAR(made["rows"][0]["ratio"]["median"].get<double>(), 1.5, 1e-12);
  EXPECT_EQ(made["only_b"], json::parse(R"([{"name": "row 2", "contender": "gradstep"}])"));
  const std::string text = bench::text_of(compared, false);
  EXPECT_NE(text.find("slower         1.500"), std::string::npos) << text;
  EXPECT_EQ(text.find("row 1"), std::string::npos) << text;
  EXPECT_NE(bench::text_of(compared, true).find("row 1"), std::string::npos);
}

}  // namespace
