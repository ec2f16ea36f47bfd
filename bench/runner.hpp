// SPDX-License-Identifier: Apache-2.0
//
// A run: comes to each case several times, by Google Benchmark.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cases.hpp"
#include "figures.hpp"
#include "session.hpp"

namespace bench {

/// A case, what it moves, and about how long one visit to it takes.
struct planned_case {
  bench_case what;
  case_bytes bytes;
  double seconds;
};

/// The plan of all cases, with memory of that speed.
std::vector<planned_case> plan_of(const std::vector<bench_case>& cases, double gb_per_second);

/// About how long a run takes.
double expected_seconds(const std::vector<planned_case>& plan, std::size_t visits);

/// A case, and what the run found.
struct measured_case {
  bench_case what;
  row found;
};

/// Visits all cases, then all of them again, until each had that many visits: so the visits to a
/// case are spread over the run. Shows the progress. Throws std::runtime_error with the case's name
/// if one cannot be measured.
std::vector<measured_case> run_cases(const machine& m, const std::vector<planned_case>& plan,
                                     std::size_t visits);

}  // namespace bench
