// SPDX-License-Identifier: Apache-2.0
#include "compare_output.hpp"

#include <algorithm>

#include "shown_text.hpp"

namespace bench {
namespace {

using nlohmann::json;

constexpr std::size_t most_named = 10;
constexpr change verdicts[] = {change::none, change::slower, change::faster, change::too_busy};

std::string name_of(const row_name& row) {
  const bool is_ours = row.contender == "gradstep";
  return shown_text(row.name) + (is_ours ? "" : " (" + shown_text(row.contender) + ")");
}

/// The word, and spaces up to that width.
std::string padded(const std::string& word, std::size_t width) {
  return word + std::string(width - std::min(width, word.size()), ' ');
}

std::string line_of(const compared_row& row) {
  const ratio_interval& r = row.ratio;
  const std::string interval = fixed(r.low, 3) + " to " + fixed(r.high, 3);
  return padded(in_words(row.verdict), 15) + padded(fixed(r.ratio, 3), 8) + padded(interval, 18) +
         name_of(row.row) + "\n";
}

std::string rows_of_one(const std::vector<row_name>& rows, const char* result, bool has_all) {
  if (rows.empty()) return "";
  std::string text = "\n" + counted(rows.size(), "row") + " of " + result + " alone:\n";
  const std::size_t shown = has_all ? rows.size() : std::min(rows.size(), most_named);
  for (std::size_t i = 0; i < shown; ++i) text += "  " + name_of(rows[i]) + "\n";
  if (shown < rows.size()) {
    text += "  and " + std::to_string(rows.size() - shown) + " more, which --all names\n";
  }
  return text;
}

std::string summary_of(const comparison& c) {
  std::string text = "\n" + counted(c.rows.size(), "row") + " compared";
  for (const change verdict : verdicts) {
    text += (verdict == verdicts[0] ? ": " : ", ") + std::to_string(count_of(c, verdict)) + " " +
            in_words(verdict);
  }
  return text + ".\n";
}

json json_of(const row_name& row) { return {{"name", row.name}, {"contender", row.contender}}; }

json json_of(const compared_row& row) {
  json made = json_of(row.row);
  made["measure"] = row.measure;
  made["ratio"] = {{"median", row.ratio.ratio}, {"low", row.ratio.low}, {"high", row.ratio.high}};
  made["verdict"] = in_words(row.verdict);
  return made;
}

template <typename T>
json list_of(const std::vector<T>& items) {
  json list = json::array();
  for (const T& item : items) list.push_back(json_of(item));
  return list;
}

}  // namespace

std::string text_of(const std::vector<difference>& differences) {
  if (differences.empty()) return "The machines and the software are the same.\n";
  std::string text = "What differs (A | B):\n";
  for (const difference& d : differences) {
    text += "  " + shown_text(d.field) + ": " + shown_text(d.a) + " | " + shown_text(d.b) + "\n";
  }
  return text;
}

std::string text_of(const comparison& c, bool has_all) {
  std::string lines;
  for (const compared_row& row : c.rows) {
    if (has_all || row.verdict == change::slower || row.verdict == change::faster) {
      lines += line_of(row);
    }
  }
  std::string text;
  if (!lines.empty()) {
    text = "\nB's time over A's, and its 99 % interval:\n" + padded("verdict", 15) +
           padded("ratio", 8) + padded("interval", 18) + "row\n" + lines;
  }
  return text + rows_of_one(c.only_a, "A", has_all) + rows_of_one(c.only_b, "B", has_all) +
         summary_of(c);
}

json json_of(const std::vector<difference>& differences, const comparison& c) {
  json differing = json::array();
  for (const difference& d : differences) {
    differing.push_back({{"field", d.field}, {"a", d.a}, {"b", d.b}});
  }
  json summary;
  for (const change verdict : verdicts) summary[in_words(verdict)] = count_of(c, verdict);
  return {{"differences", differing},
          {"rows", list_of(c.rows)},
          {"only_a", list_of(c.only_a)},
          {"only_b", list_of(c.only_b)},
          {"summary", summary}};
}

}  // namespace bench
