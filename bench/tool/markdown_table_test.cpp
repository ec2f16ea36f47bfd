// SPDX-License-Identifier: Apache-2.0
#include "markdown_table.hpp"

#include <gtest/gtest.h>

#include "sample_result.hpp"

namespace {

using nlohmann::json;

json row(const std::string& rule, const std::string& isa, int threads, double ns) {
  json made = bench::sample_row(rule + isa + std::to_string(threads) + std::to_string(ns), {ns});
  made["rule"] = rule;
  made["isa"] = isa;
  made["threads"] = threads;
  made["ns_per_element"]["median"] = ns;
  return made;
}

json with_limit(json made, const char* binds, double percent) {
  made["limit"] = {{"bytes_ns", 1}, {"binds", binds}};
  made["percent_of_limit"] = {{"median", percent}, {"low", percent}, {"high", percent}};
  return made;
}

std::string tables(const std::vector<json>& rows) {
  const std::string text = bench::markdown_tables({bench::sample_result(rows)});
  return text.substr(text.find("2026-01-31"));
}

TEST(markdown_table, a_line_for_each_step_and_a_column_for_each_way_to_run_it) {
  json narrow = with_limit(row("sgd", "avx2", 2, 0.123456), "arithmetic", 77.5);
  narrow["dtypes"] = {{"param", "float32"}, {"grad", "bfloat16"}, {"slots", "s1e4m3_b256"}};
  json busy = with_limit(row("adamw", "baseline", 1, 12.3456), "bytes", 91.2);
  busy["verdict"] = "too busy";
  EXPECT_EQ(tables({row("sgd", "avx2", 1, 1234.5), row("adamw", "avx2", 2, 2), busy, narrow}),
            "2026-01-31.\n\n64M elements:\n\n"
            "| rule | dtypes | baseline, 1 thread | avx2, 1 thread | avx2, 2 threads |\n"
            "|---|---|---:|---:|---:|\n"
            "| sgd | float32 |  | 1234 |  |\n"
            "| sgd | float32, bfloat16 grad, s1e4m3_b256 slots |  |  | 0.123 (78 % A) |\n"
            "| adamw | float32 | 12.3 (91 % B) ? |  | 2.00 |\n");
}

TEST(markdown_table, cache_and_matrices) {
  json small = row("adamw", "avx2", 1, 0.5);
  json other = row("adamw", "avx2", 2, 0.25);
  for (json* made : {&small, &other}) (*made)["layout"] = "16K", (*made)["elements"] = 16384;
  json matrix = row("adafactor", "avx2", 1, 0.75);
  matrix["layout"] = "128x128";
  matrix["elements"] = 16384;
  matrix["variant"] = "momentum";
  EXPECT_EQ(tables({small, other, matrix}),
            "2026-01-31.\n\n16K elements, one thread:\n\n"
            "| rule | dtypes | avx2 |\n|---|---|---:|\n| adamw | float32 | 0.500 |\n"
            "| adafactor + momentum, 128x128 | float32 | 0.750 |\n");
}

TEST(markdown_table, the_size_is_that_of_most_lines) {
  std::vector<json> rows{row("adamw", "avx2", 1, 9)};
  for (const char* rule : {"adamw", "sgd"}) {
    rows.push_back(row(rule, "avx2", 1, 3));
    rows.back()["layout"] = "16M";
    rows.back()["elements"] = 16777216;
  }
  EXPECT_EQ(tables(rows),
            "2026-01-31.\n\n16M elements:\n\n| rule | dtypes | avx2, 1 thread |\n|---|---|---:|\n"
            "| adamw | float32 | 3.00 |\n| sgd | float32 | 3.00 |\n");
}

TEST(markdown_table, other_rows_are_left_out) {
  json peer = row("adamw", "avx2", 1, 1);
  peer["contender"] = "torch fused";
  json list = row("adamw", "avx2", 1, 2);
  list["tensors"] = 2;
  json pinned = row("adamw", "avx2", 1, 3);
  pinned["placement"] = "pinned";
  EXPECT_EQ(tables({peer, list}), "2026-01-31.\n");
  const std::string text = tables({row("adamw", "avx2", 1, 4), row("sgd", "avx2", 1, 4), pinned});
  EXPECT_EQ(text.find("3.00"), std::string::npos) << text;
  EXPECT_NE(text.find("| adamw | float32 | 4.00 |"), std::string::npos) << text;
}

TEST(markdown_table, texts_are_shown_as_they_are) {
  EXPECT_EQ(bench::markdown_text("s1e4m3_b256 _a_ a|b\n<b>*c* `d` \\ & [e](f) ~g~ #1"),
            "s1e4m3_b256 \\_a\\_ a\\|b?\\<b\\>\\*c\\* \\`d\\` \\\\ \\& \\[e\\](f) \\~g\\~ \\#1");
  json result = bench::sample_result({});
  result["machine"]["cpu"]["model"] = "a\n# b | c";
  result["noise"]["verdict"] = "too busy";
  const std::string text = bench::markdown_tables({result});
  EXPECT_NE(text.find("\n## a?\\# b \\| c\n"), std::string::npos) << text;
  EXPECT_NE(text.find("too busy to rely"), std::string::npos);
}

}  // namespace
