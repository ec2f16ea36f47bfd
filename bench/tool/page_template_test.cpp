// SPDX-License-Identifier: Apache-2.0
#include "page_template.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "sample_result.hpp"

namespace {

const std::string whole =
    "<style>/* gradstep:style */</style>\n<data>/* gradstep:results */</data>\n"
    "/* gradstep:chart-library */;/* gradstep:scripts */ /* another comment */\n";

std::string message_of(std::string_view page_template, const bench::page_parts& parts) {
  try {
    bench::fill_page(page_template, parts);
    return "";
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

TEST(page_template, parts_stand_in_their_places) {
  EXPECT_EQ(bench::fill_page(whole, {"S", "C", "J", "[1]"}),
            "<style>S</style>\n<data>[1]</data>\nC;J /* another comment */\n");
}

TEST(page_template, a_part_is_no_template) {
  EXPECT_EQ(bench::fill_page(whole, {"/* gradstep:scripts */", "$1 \\1", "/* gradstep:style */",
                                     "[\"/* gradstep:results */\"]"}),
            "<style>/* gradstep:scripts */</style>\n<data>[\"/* gradstep:results */\"]</data>\n"
            "$1 \\1;/* gradstep:style */ /* another comment */\n");
}

TEST(page_template, a_result_cannot_end_its_block) {
  const std::string page = bench::fill_page(whole, {"", "", "", R"(["</script><!--"])"});
  EXPECT_NE(page.find(R"(<data>["\u003c/script>\u003c!--"]</data>)"), std::string::npos) << page;
}

TEST(page_template, a_part_cannot_end_its_script_or_style) {
  for (const char* text : {"a</script>", "</SCRIPT ", "</sTyLe", "<!--"}) {
    for (const auto& parts :
         {bench::page_parts{text, "", "", ""}, bench::page_parts{"", text, "", ""},
          bench::page_parts{"", "", text, ""}}) {
      EXPECT_NE(message_of(whole, parts).find("a browser would read it"), std::string::npos)
          << text;
    }
  }
}

TEST(page_template, the_library_has_no_source_map) {
  const std::string library = "a\n//# sourceMappingURL=chart.js.map\nb\n//# sourceMappingURL=x";
  EXPECT_EQ(bench::fill_page(whole, {"", library, "", ""}),
            "<style></style>\n<data></data>\na\nb\n; /* another comment */\n");
}

TEST(page_template, each_place_is_there_once) {
  EXPECT_EQ(message_of("/* gradstep:style */", {}),
            "the page's template lacks the place \"chart-library\"");
  EXPECT_EQ(message_of(whole + "/* gradstep:style */", {}),
            "the page's template has the place \"style\" twice, or it is unknown");
  EXPECT_EQ(message_of("/* gradstep:other */", {}),
            "the page's template has the place \"other\" twice, or it is unknown");
  EXPECT_NE(message_of("/* gradstep:style", {}), "");
}

TEST(page_template, the_page_has_its_parts_and_the_results) {
  nlohmann::json result = bench::sample_result({bench::sample_row("one", {1})});
  result["machine"]["cpu"]["model"] = "</script>";
  const std::string page = bench::make_page({result, result});
  EXPECT_EQ(page.find("/* gradstep:"), std::string::npos);
  EXPECT_NE(page.find("Chart.js v"), std::string::npos);
  EXPECT_NE(page.find("addEventListener('DOMContentLoaded', showPage)"), std::string::npos);
  const std::string begin = "id=\"results\">";
  const std::size_t at = page.find(begin) + begin.size();
  const std::string json = page.substr(at, page.find("</script", at) - at);
  EXPECT_EQ(nlohmann::json::parse(json), nlohmann::json({result, result}));
}

}  // namespace
