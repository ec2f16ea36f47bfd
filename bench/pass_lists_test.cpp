// SPDX-License-Identifier: Apache-2.0
//
// The bytes of each pass, as the rules' formulas need them.
#include "pass_lists.hpp"

#include <gtest/gtest.h>

#include "cases.hpp"
#include "session.hpp"
#include "workload.hpp"

namespace bench {
namespace {

std::vector<double> bytes_of_passes(const std::string& rule_name, const layout& tensors) {
  const gradstep::rule rule(rule_name);
  arrays memory;
  team alone(1);
  const workload w(rule, plain_storage(GRADSTEP_FLOAT32), 0, tensors, memory, alone);
  std::vector<double> bytes;
  for (const pass& p : w.bytes().passes) {
    bytes.push_back(0);
    for (const stream& s : p) bytes.back() += s.bytes_per_element();
  }
  return bytes;
}

TEST(pass_lists, move_what_the_formulas_need) {
  using doubles = std::vector<double>;
  const layout flat = flat_layout(small_size), matrix = matrix_layout(16, 16);
  EXPECT_EQ(bytes_of_passes("adamw", flat), (doubles{28}));
  EXPECT_EQ(bytes_of_passes("nadam", flat), (doubles{28}));
  EXPECT_EQ(bytes_of_passes("schedule_free_adamw", flat), (doubles{28}));
  EXPECT_EQ(bytes_of_passes("lamb", flat), (doubles{16, 28}));
  EXPECT_EQ(bytes_of_passes("lamb", matrix), (doubles{16, 28}));
  EXPECT_EQ(bytes_of_passes("adafactor", flat), (doubles{12, 20}));
  EXPECT_EQ(bytes_of_passes("adafactor", matrix), (doubles{8, 4, 12}));
  EXPECT_EQ(bytes_of_passes("prodigy", flat), (doubles{16, 36}));
}

TEST(pass_lists, give_the_bytes_of_a_case_and_its_arrays) {
  machine m;
  m.best_isa = "baseline";
  // param, grad and two slots of 4 bytes
  const case_bytes adamw = bytes_of(float32_case(m, "adamw", flat_layout(small_size), 1));
  EXPECT_EQ(adamw.per_element, 28);
  EXPECT_EQ(adamw.of_arrays, 16U * small_size);
  // p0 is read by the first pass alone, and counts once
  const case_bytes prodigy = bytes_of(float32_case(m, "prodigy", flat_layout(small_size), 1));
  EXPECT_EQ(prodigy.per_element, 52);
  EXPECT_EQ(prodigy.of_arrays, 24U * small_size);
}

}  // namespace
}  // namespace bench
