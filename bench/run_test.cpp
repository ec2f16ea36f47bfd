// SPDX-License-Identifier: Apache-2.0
//
// Short runs, from the measurement to the result.
#include <gtest/gtest.h>

#include "fake_machine.hpp"
#include "result_rows.hpp"
#include "runner.hpp"
#include "tool/result_file.hpp"

namespace bench {
namespace {

finished_run run_of(const machine& m, const std::vector<bench_case>& cases) {
  finished_run run{
      "selected", "all", 1.5, 2, noise{0.25, 0}, {}, run_cases(m, plan_of(cases, 20), 2), {}};
  run.bandwidths = {{"memory", 1, {20, 19, 21}}};
  run.claims = {{{"a claim", cases.front().name(), "", true, 80}, {90, 89, 91}, "met"}};
  return run;
}

machine small_machine() {
  machine m = this_machine();
  m.best_isa = m.isas.front();
  return m;
}

bench_case small_case(const machine& m) {
  bench_case c = float32_case(m, "adamw", flat_layout(small_size), 1);
  c.seconds = 0.001;
  return c;
}

TEST(run, makes_a_valid_result) {
  const machine m = small_machine();
  bench_case narrow = small_case(m);
  narrow.stored = {GRADSTEP_FLOAT32, GRADSTEP_BFLOAT16, GRADSTEP_S1E4M3_B256};
  narrow.tensors = flat_layout(medium_size);
  const nlohmann::json result = result_of(m, run_of(m, {small_case(m), narrow}));
  const nlohmann::json read = parse_result(result.dump(), "result");
  ASSERT_EQ(read["rows"].size(), 2U);
  EXPECT_EQ(read["rows"][0]["name"], "step/adamw/float32/1K/threads:1/isa:" + m.best_isa);
  EXPECT_EQ(read["rows"][0]["visits"].size(), 2U);
  EXPECT_EQ(read["rows"][0]["bytes_per_element"], 28);
  EXPECT_TRUE(read["rows"][0]["ratios"].contains("careful"));
  EXPECT_EQ(read["rows"][1]["dtypes"]["slots"], "s1e4m3_b256");
  EXPECT_EQ(read["rows"][1]["bytes_per_element"], 2 * 4 + 2 + 2 * 2 * (1 + 4 / 256.));
  EXPECT_EQ(read["noise"]["other_cpus"], 0.25);
  EXPECT_EQ(read["claims"][0]["verdict"], "met");
}

TEST(run, measures_every_kind_of_case) {
  const machine m = small_machine();
  std::vector<bench_case> cases;
  for (const bench_case& c : cases_of(m, extent::full)) {
    if (c.isa != m.best_isa || c.tensors.columns != 0) continue;
    if (c.tensors.counts.size() > 1 && c.tensors.name != "1000-small") continue;
    bench_case small = c;
    small.seconds = 0;
    if (c.tensors.counts.size() == 1) small.tensors = flat_layout(small_size);
    if (c.threads > 1) small.tensors = small_layout();
    cases.push_back(small);
    if (cases.size() == 60) break;
  }
  for (const measured_case& c : run_cases(m, plan_of(cases, 20), 1)) {
    EXPECT_GT(c.found.ns_per_element.median, 0) << c.found.name;
    EXPECT_GT(c.found.bytes_ns, 0) << c.found.name;
    EXPECT_GT(c.found.arithmetic_ns, 0) << c.found.name;
    EXPECT_GT(c.found.percent_of_limit.median, 0) << c.found.name;
  }
}

TEST(run, says_which_case_cannot_be_measured) {
  const machine m = small_machine();
  bench_case c = small_case(m);
  c.isa = "abacus";
  try {
    run_cases(m, plan_of({c}, 20), 1);
    FAIL() << "an unknown instruction set was measured";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find(c.name() + ": "), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace bench
