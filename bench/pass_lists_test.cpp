// SPDX-License-Identifier: Apache-2.0
//
// Checks what the lists of passes add up to. Without a test framework, so that the benchmark needs
// no further dependency.
#include <cstdio>
#include <string>
#include <vector>

#include "cases.hpp"
#include "listed_passes.hpp"

namespace {

int failures = 0;

/// Compares the bytes per element of each pass.
void expect_bytes(const std::string& rule, const bench::layout& tensors,
                  const std::vector<double>& expected) {
  const bench::bench_case c{
      {rule, rule, {}}, bench::plain_storage(GRADSTEP_FLOAT32), tensors, 1, "", 0};
  std::vector<double> found;
  for (const auto& pass : bench::list_passes(c)) found.push_back(pass.second);
  if (found == expected) return;
  ++failures;
  std::fprintf(stderr, "pass_lists_test: %s on %s:", rule.c_str(), tensors.name.c_str());
  for (const double bytes : found) std::fprintf(stderr, " %g", bytes);
  std::fprintf(stderr, " bytes per element, not");
  for (const double bytes : expected) std::fprintf(stderr, " %g", bytes);
  std::fprintf(stderr, "\n");
}

}  // namespace

int main() {
  const bench::layout flat = bench::flat_layout(bench::small_size);
  const bench::layout matrix = bench::matrix_layout(8, 16);
  expect_bytes("adamw", flat, {28});
  expect_bytes("nadam", flat, {28});
  expect_bytes("schedule_free_adamw", flat, {28});
  expect_bytes("lamb", flat, {16, 28});
  expect_bytes("lamb", matrix, {16, 28});
  expect_bytes("adafactor", flat, {12, 20});
  expect_bytes("adafactor", matrix, {8, 4, 12});
  expect_bytes("prodigy", flat, {16, 36});
  return failures == 0 ? 0 : 1;
}
