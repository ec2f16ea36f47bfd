// SPDX-License-Identifier: Apache-2.0
//
// A run: comes to each case several times, by Google Benchmark.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bandwidth.hpp"
#include "cases.hpp"
#include "figures.hpp"

namespace bench {

/// About how long one visit to the case takes, with memory of that speed.
double expected_seconds(const bench_case& c, double gb_per_second);

/// A case, and what the run found.
struct measured_case {
  bench_case what;
  row found;
};

/// Visits all cases, then all of them again, until each had that many visits: so the visits to a
/// case are spread over the run. Shows the progress. Throws std::runtime_error with the case's name
/// if one cannot be measured.
std::vector<measured_case> run_cases(const machine& m, const std::vector<bench_case>& cases,
                                     std::size_t visits, double gb_per_second);

}  // namespace bench
