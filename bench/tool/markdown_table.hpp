// SPDX-License-Identifier: Apache-2.0
//
// Results as tables in Markdown, for documents that show a machine's figures.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// For each result two tables of gradstep's own rows of one array. A line is a rule, with its
/// variant, and the dtypes; a cell says the nanoseconds for one element, how many percent of the
/// limit that is, and what binds. The first table is of arrays of a million elements or more, with
/// a column for each instruction set and number of threads; the second of smaller ones with one
/// thread. Each is of the size at which the file has most lines; a matrix of as many elements has a
/// line of its own. Where rows differ in how threads were placed, the placement of most is shown.
std::string markdown_tables(const std::vector<nlohmann::json>& results);

/// The text as one that Markdown shows as it is, also within a table.
std::string markdown_text(std::string_view text);

}  // namespace bench
