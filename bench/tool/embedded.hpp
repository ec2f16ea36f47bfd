// SPDX-License-Identifier: Apache-2.0
//
// Texts that are compiled into the program, so that it needs no files of its own. embed.cmake makes
// them from the files of the source tree.
#pragma once

#include <string_view>

namespace bench::embedded {

extern const std::string_view result_schema;  ///< result.schema.json
extern const std::string_view page_html;      ///< page/page.html
extern const std::string_view page_css;       ///< page/page.css
extern const std::string_view page_scripts;   ///< page/*.js, by name
extern const std::string_view chart_library;  ///< Chart.js, the build for browsers

}  // namespace bench::embedded
