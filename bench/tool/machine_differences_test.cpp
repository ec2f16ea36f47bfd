// SPDX-License-Identifier: Apache-2.0
#include "machine_differences.hpp"

#include <gtest/gtest.h>

#include "sample_result.hpp"

namespace {

using nlohmann::json;

std::vector<std::string> differences(const json& a, const json& b) {
  std::vector<std::string> texts;
  for (const auto& d : bench::machine_differences(a, b)) {
    texts.push_back(d.field + ": " + d.a + " | " + d.b);
  }
  return texts;
}

TEST(machine_differences, none_between_runs_of_one_machine) {
  const json a = bench::sample_result({});
  json b = a;
  b["machine"]["bandwidth"][0]["gb_per_second"]["median"] = 20.5;
  b["machine"]["memory_bytes"] = nullptr;
  b["run"]["date"] = "2026-02-01";
  b["run"]["seconds"] = 61;
  b["noise"]["other_cpus"] = 0.5;
  EXPECT_EQ(differences(a, b), std::vector<std::string>{});
}

TEST(machine_differences, each_field_is_named_with_both_values) {
  const json a = bench::sample_result({});
  json b = a;
  b["machine"]["cpu"]["model"] = "Another CPU";
  b["machine"]["cpu"]["family"] = 25;
  b["machine"]["caches"][0]["bytes"] = 49152;
  b["software"]["isas"].push_back("avx512");
  b["program"]["version"] = "1.1.0";
  b["run"]["mode"] = "full";
  EXPECT_EQ(
      differences(a, b),
      (std::vector<std::string>{
          "machine.caches.0.bytes: 32768 | 49152", "machine.cpu.family: not known | 25",
          "machine.cpu.model: A CPU | Another CPU", "program.version: 1.0.0 | 1.1.0",
          "run.mode: quick | full", "software.isas: baseline, avx2 | baseline, avx2, avx512"}));
}

}  // namespace
