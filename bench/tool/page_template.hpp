// SPDX-License-Identifier: Apache-2.0
//
// The report: page/page.html with the parts that its first comment names.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// What stands in the places of the template.
struct page_parts {
  std::string_view style;
  std::string_view chart_library;
  std::string_view scripts;
  std::string_view results;  ///< JSON. "<" may be in its strings alone, and is written as \u003c
};

/// The template with its parts. Looks for places in the template alone, never in a part. A line of
/// the chart library that names its source map is left out, since a browser would fetch that file.
/// Throws std::runtime_error if a text for a script or style could end it, or if the template lacks
/// a place, has one twice, or has one that is unknown.
std::string fill_page(std::string_view page_template, const page_parts& parts);

/// The page of these results, in their order, by the texts in embedded.hpp.
std::string make_page(const std::vector<nlohmann::json>& results);

}  // namespace bench
