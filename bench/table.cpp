// SPDX-License-Identifier: Apache-2.0
#include "table.hpp"

#include <cstdio>

namespace bench {
namespace {

constexpr const char* notes = R"(
Limit: the longer of two times. bytes: the same bytes move by as many threads with no arithmetic.
arith.: the same step on arrays in the nearest caches, by as many threads. The last column: the
step's time over that of other programs.

)";

constexpr const char* line_format = "%-30s %-22s %10s %3s %-8s %10s %8s %-7s %s\n";

template <class... Cells>
std::string line(const Cells&... cells) {
  char text[320];
  std::snprintf(text, sizeof text, line_format, cells.c_str()...);
  return text;
}

std::string number(double value, int decimals) {
  char text[32];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

/// "1.04 careful, 0.61 scalar".
std::string ratios_text(const row& r) {
  std::string text;
  for (const auto& [name, ratio] : r.ratios) {
    text += (text.empty() ? "" : ", ") + number(ratio.median, 2) + " " + name;
  }
  return text;
}

std::string rule_text(const bench_case& c) {
  const std::string options = c.options_name();
  return c.variant.rule + (options.empty() ? "" : "+" + options) +
         (c.placed == placement::free ? "" : std::string(", ") + name_of(c.placed));
}

std::string row_text(const bench_case& c, const row& r) {
  return line(rule_text(c), c.stored.name(), c.tensors.name, std::to_string(c.threads), c.isa,
              number(r.ns_per_element.median, 4), number(r.percent_of_limit.median, 1),
              std::string(r.is_bound_by_bytes() ? "bytes" : "arith."),
              ratios_text(r) + (r.is_busy() ? "  (too busy)" : ""));
}

}  // namespace

std::string table_text(const std::vector<measured_case>& cases) {
  const auto head = [](const char* text) { return std::string(text); };
  std::string text =
      notes + line(head("rule"), head("dtypes"), head("elements"), head("thr"), head("isa"),
                   head("ns/element"), head("% limit"), head("binds"), head("time over others'"));
  for (const auto& [c, r] : cases) text += row_text(c, r);
  return text;
}

std::string sentences_text(const std::vector<measured_case>& cases) {
  std::string text;
  for (const auto& [c, r] : cases) {
    text += rule_text(c) + " on " + c.tensors.name + " elements of " + c.stored.name() + ", " +
            std::to_string(c.threads) + (c.threads == 1 ? " thread, " : " threads, ") + c.isa +
            ": " + number(r.ns_per_element.median, 3) + " ns an element, " +
            number(r.percent_of_limit.median, 0) + " % of the limit by " +
            (r.is_bound_by_bytes() ? "memory or caches" : "arithmetic") +
            (r.is_busy() ? " (the machine is too busy)" : "") + "\n";
  }
  return text;
}

}  // namespace bench
