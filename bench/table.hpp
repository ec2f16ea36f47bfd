// SPDX-License-Identifier: Apache-2.0
//
// Rows as text for a terminal.
#pragma once

#include <string>
#include <vector>

#include "runner.hpp"

namespace bench {

/// A line for each row, below a head.
std::string table_text(const std::vector<measured_case>& cases);

/// A sentence for each row.
std::string sentences_text(const std::vector<measured_case>& cases);

}  // namespace bench
