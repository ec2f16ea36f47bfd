// SPDX-License-Identifier: Apache-2.0
//
// The library's claims of speed, with their limits.
#pragma once

#include <string>
#include <vector>

#include "figures.hpp"
#include "machine.hpp"

namespace bench {

struct claim {
  std::string text;
  std::string row;    // the name of the case
  std::string ratio;  // to that rival; empty: percent of the limit
  bool is_minimum;    // true: the figure is to be >= limit; false: <= limit
  double limit;
};

struct judged_claim {
  claim what;
  estimate figure;
  /// "met", "missed", or "too busy": the interval is wide, and not wholly on the good side.
  std::string verdict;
};

/// All claims of a machine.
std::vector<claim> all_claims(const machine& m);

/// The claims whose rows are there. A claim is not a test: a missed limit is said, and no more.
std::vector<judged_claim> judge(const std::vector<claim>& claims, const std::vector<row>& rows);

/// A line for each claim.
std::string claims_text(const std::vector<judged_claim>& claims);

}  // namespace bench
