// SPDX-License-Identifier: Apache-2.0
//
// The figures of a case, from the times of all visits to it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "cases.hpp"
#include "interleave.hpp"

namespace bench {

/// The times of one visit: rounds in which the step took turns with other programs.
struct visit {
  std::vector<double> step, bytes, arithmetic;        // ns an element, round by round
  std::vector<double> chain;                          // ns of run_chain() (chain.hpp)
  std::map<std::string, std::vector<double>> ratios;  // the step's time over a rival's
};

struct visit_figures {
  double ns_per_element, over_bytes, over_chain;  // medians
};

/// What a run found of a case.
struct row {
  std::string name;
  double bytes_per_element = 0;
  std::string level;  // where the arrays fit: "L2"
  estimate ns_per_element{};
  /// The two times of the roofline: the larger binds.
  double bytes_ns = 0, arithmetic_ns = 0;
  bool is_bound_by_bytes() const { return bytes_ns >= arithmetic_ns; }
  estimate percent_of_limit{};
  std::map<std::string, estimate> ratios;
  std::vector<visit_figures> visits;
  std::size_t round_count = 0;

  bool is_busy() const { return is_wide(ns_per_element) && is_wide(percent_of_limit); }
};

/// An estimate is the median of all rounds. Its interval holds the 95 % interval of that median,
/// and the medians of all visits: neighbouring rounds share what disturbs them.
row figures_of(const std::string& name, const std::vector<visit>& visits);

}  // namespace bench
