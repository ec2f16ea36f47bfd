// SPDX-License-Identifier: Apache-2.0
//
// Small results for tests.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace bench {

/// A row with one visit for each of the times. Without limit and ratios.
nlohmann::json sample_row(const std::string& name, const std::vector<double>& visits);

/// A valid result with these rows, as small as it may be.
nlohmann::json sample_result(const std::vector<nlohmann::json>& rows);

}  // namespace bench
