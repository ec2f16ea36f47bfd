// SPDX-License-Identifier: Apache-2.0
#include "page_template.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "embedded.hpp"

namespace bench {
namespace {

using places = std::map<std::string, std::string, std::less<>>;

bool has_ignoring_case(std::string_view text, std::string_view lower_case_word) {
  const auto is_same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  return std::search(text.begin(), text.end(), lower_case_word.begin(), lower_case_word.end(),
                     is_same) != text.end();
}

/// The text of a script or a style.
std::string code(std::string_view text, const std::string& name) {
  for (const char* end : {"</script", "</style", "<!--"}) {
    if (has_ignoring_case(text, end)) {
      throw std::runtime_error("the page's part " + name + " has \"" + end +
                               "\", after which a browser would read it as something else");
    }
  }
  return std::string(text);
}

std::string without_source_map(std::string_view text) {
  std::string kept;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, std::min(text.find('\n'), text.size() - 1) + 1);
    if (!line.starts_with("//# sourceMappingURL=")) kept += line;
    text.remove_prefix(line.size());
  }
  return kept;
}

std::string with_escaped_less_than(std::string_view json) {
  std::string escaped;
  for (const char c : json) {
    if (c == '<') {
      escaped += "\\u003c";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

/// Takes the part of that name out of the places that are left.
std::string take(places& left, std::string_view name) {
  const auto found = left.find(name);
  if (found == left.end()) {
    throw std::runtime_error("the page's template has the place \"" + std::string(name) +
                             "\" twice, or it is unknown");
  }
  std::string text = std::move(found->second);
  left.erase(found);
  return text;
}

}  // namespace

std::string fill_page(std::string_view page_template, const page_parts& parts) {
  constexpr std::string_view begin = "/* gradstep:";
  constexpr std::string_view end = " */";
  places left{{"style", code(parts.style, "style")},
              {"chart-library", code(without_source_map(parts.chart_library), "chart-library")},
              {"scripts", code(parts.scripts, "scripts")},
              {"results", with_escaped_less_than(parts.results)}};
  std::string page;
  for (std::size_t at; (at = page_template.find(begin)) != page_template.npos;) {
    page += page_template.substr(0, at);
    page_template.remove_prefix(at + begin.size());
    const std::size_t length = std::min(page_template.find(end), page_template.size());
    page += take(left, page_template.substr(0, length));
    page_template.remove_prefix(std::min(length + end.size(), page_template.size()));
  }
  if (!left.empty()) {
    throw std::runtime_error("the page's template lacks the place \"" + left.begin()->first + "\"");
  }
  return page.append(page_template);
}

std::string make_page(const std::vector<nlohmann::json>& results) {
  const std::string json = nlohmann::json(results).dump();
  return fill_page(embedded::page_html,
                   {embedded::page_css, embedded::chart_library, embedded::page_scripts, json});
}

}  // namespace bench
