// SPDX-License-Identifier: Apache-2.0
//
// What `compare` says, as text and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "compare.hpp"
#include "machine_differences.hpp"

namespace bench {

/// The differing properties, a line each.
std::string text_of(const std::vector<difference>& differences);

/// The rows with a difference, or all, then the rows of one result alone (unless `has_all`, the
/// first ten of them), and a summary.
std::string text_of(const comparison& c, bool has_all);

/// {"differences": [{field, a, b}], "rows": [{name, contender, measure, ratio: {median, low, high},
/// verdict}], "only_a": [{name, contender}], "only_b": [...], "summary": {a count of rows for each
/// verdict}}. A ratio is B's time over A's, with its 99 % interval.
nlohmann::json json_of(const std::vector<difference>& differences, const comparison& c);

}  // namespace bench
