// SPDX-License-Identifier: Apache-2.0
#include "markdown_table.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <tuple>

#include "shown_text.hpp"

namespace bench {
namespace {

using nlohmann::json;

/// Larger arrays are in the first table, others in the second.
constexpr std::uint64_t small_below = std::uint64_t{1} << 20;

/// A line's step: rule, variant, dtypes, layout.
using line_key = std::tuple<std::string, std::string, std::string, std::string>;
/// The instruction set's rank, its name, and the threads.
using column_key = std::tuple<std::ptrdiff_t, std::string, std::uint64_t>;

std::string text_of(const json& object, const char* member) {
  return object.value(member, std::string());
}

std::string dtypes_in_words(const json& dtypes) {
  const std::string param = text_of(dtypes, "param");
  std::string words = param;
  for (const char* other : {"grad", "slots", "copy"}) {
    const std::string dtype = text_of(dtypes, other);
    if (!dtype.empty() && dtype != param) words += ", " + dtype + " " + other;
  }
  return words;
}

line_key line_of(const json& row) {
  return {text_of(row, "rule"), text_of(row, "variant"), dtypes_in_words(row["dtypes"]),
          text_of(row, "layout")};
}

column_key column_of(const json& row, const json& isas) {
  const std::string isa = text_of(row, "isa");
  const auto rank = std::find(isas.begin(), isas.end(), isa) - isas.begin();
  return {rank, isa, row["threads"].get<std::uint64_t>()};
}

/// The placement of most of the rows.
std::string usual_placement(const json& rows) {
  std::map<std::string, int> counts;
  for (const json& row : rows) ++counts[text_of(row, "placement")];
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? "" : most->first;
}

std::string cell_of(const json& row) {
  std::string cell = three_digits(row["ns_per_element"]["median"].get<double>());
  if (row.contains("limit")) {
    const double percent = row["percent_of_limit"]["median"].get<double>();
    const bool is_bytes = row["limit"]["binds"] == "bytes";
    cell += " (" + fixed(percent, 0) + " % " + (is_bytes ? "B" : "A") + ")";
  }
  return row["verdict"] == "ok" ? cell : cell + " ?";
}

/// gradstep's rows of one array, small or large, of the usual placement.
std::vector<json> rows_of(const json& result, bool is_small) {
  const std::string placement = usual_placement(result["rows"]);
  std::vector<json> chosen;
  for (const json& row : result["rows"]) {
    const bool is_ours = row["contender"] == "gradstep" && row["tensors"] == 1;
    const bool has_size = (row["elements"].get<std::uint64_t>() < small_below) == is_small;
    const bool has_threads = !is_small || row["threads"] == 1;
    if (is_ours && has_size && has_threads && text_of(row, "placement") == placement) {
      chosen.push_back(row);
    }
  }
  return chosen;
}

/// The number of elements of which most lines are, the largest if there are several. 0: no rows.
std::uint64_t usual_size(const std::vector<json>& rows) {
  std::map<std::uint64_t, std::set<line_key>> lines;
  for (const json& row : rows) lines[row["elements"].get<std::uint64_t>()].insert(line_of(row));
  std::uint64_t usual = 0;
  std::size_t most = 0;
  for (const auto& [elements, found] : lines) {
    if (found.size() < most) continue;
    usual = elements;
    most = found.size();
  }
  return usual;
}

/// 16384 as "16K", 1000 as "1000".
std::string elements_in_words(std::uint64_t elements) {
  constexpr std::uint64_t kilo = 1024;
  if (elements % (kilo * kilo) == 0) return std::to_string(elements / kilo / kilo) + "M";
  return elements % kilo == 0 ? std::to_string(elements / kilo) + "K" : std::to_string(elements);
}

/// The cells of one table. Lines of one rule are together, in the order of the file.
class table {
 public:
  table(const json& result, bool is_small) {
    const std::vector<json> rows = rows_of(result, is_small);
    const std::uint64_t elements = usual_size(rows);
    layout_ = elements_in_words(elements);
    for (const json& row : rows) {
      if (row["elements"] == elements) add(row, result["software"]["isas"]);
    }
    std::stable_sort(lines_.begin(), lines_.end(), [this](const line_key& a, const line_key& b) {
      return rules_.at(std::get<0>(a)) < rules_.at(std::get<0>(b));
    });
  }

  bool empty() const { return lines_.empty(); }

  /// The name of the flat array of the table's size.
  const std::string& layout() const { return layout_; }

  std::string text(bool has_threads) const {
    std::string head = "| rule | dtypes |";
    std::string rule = "|---|---|";
    for (const column_key& column : columns_) {
      const auto& [rank, isa, threads] = column;
      head +=
          " " + markdown_text(isa) + (has_threads ? ", " + counted(threads, "thread") : "") + " |";
      rule += "---:|";
    }
    std::string text = head + "\n" + rule + "\n";
    for (const line_key& line : lines_) text += text_of_line(line);
    return text;
  }

 private:
  void add(const json& row, const json& isas) {
    const line_key line = line_of(row);
    const column_key column = column_of(row, isas);
    rules_.emplace(std::get<0>(line), rules_.size());
    columns_.insert(column);
    if (cells_[line].empty()) lines_.push_back(line);
    cells_[line].emplace(column, cell_of(row));
  }

  std::string text_of_line(const line_key& line) const {
    const auto& [rule, variant, dtypes, layout] = line;
    std::string name = rule;
    if (!variant.empty()) name += " + " + variant;
    if (layout != layout_) name += ", " + layout;
    std::string text = "| " + markdown_text(name) + " | " + markdown_text(dtypes) + " |";
    const auto& cells = cells_.at(line);
    for (const column_key& column : columns_) {
      const auto found = cells.find(column);
      text += " " + (found == cells.end() ? "" : found->second) + " |";
    }
    return text + "\n";
  }

  std::string layout_;
  std::map<std::string, std::size_t> rules_;  // their order
  std::vector<line_key> lines_;
  std::set<column_key> columns_;
  std::map<line_key, std::map<column_key, std::string>> cells_;
};

std::string heading_of(const json& result) {
  const json& cpu = result["machine"]["cpu"];
  const json& cores = result["machine"]["cores"];
  const json family = cpu.value("microarchitecture", json());
  std::string text = "## " + markdown_text(text_of(cpu, "model"));
  if (family.is_string()) text += " (" + markdown_text(family.get<std::string>()) + ")";
  text += "\n\n" + counted(cores["usable"].get<std::size_t>(), "CPU") + ", gradstep " +
          markdown_text(text_of(result["software"], "gradstep")) + ", " +
          markdown_text(text_of(result["software"], "compiler")) + ", " +
          text_of(result["run"], "date");
  const bool is_busy = result["noise"]["verdict"] != "quiet";
  return text + (is_busy ? ". The machine was too busy to rely on these times.\n" : ".\n");
}

}  // namespace

std::string markdown_text(std::string_view text) {
  const std::string line = shown_text(text, 1000);
  const auto is_letter = [&line](std::size_t i) {
    return i < line.size() && std::isalnum(static_cast<unsigned char>(line[i])) != 0;
  };
  std::string escaped;
  for (std::size_t i = 0; i < line.size(); ++i) {
    // Within a word, an underscore is no emphasis.
    const bool is_in_word = line[i] == '_' && i > 0 && is_letter(i - 1) && is_letter(i + 1);
    if (std::string_view("\\`*_{}[]<>#|!&~$").find(line[i]) != std::string_view::npos &&
        !is_in_word) {
      escaped += '\\';
    }
    escaped += line[i];
  }
  return escaped;
}

std::string markdown_tables(const std::vector<json>& results) {
  std::string text =
      "A cell is the time in ns for one element, then in brackets the percent of the limit that "
      "it\n"
      "reaches and what binds: B the bytes, A the arithmetic. A \"?\" follows a time whose "
      "interval\n"
      "is too wide to rely on.\n";
  for (const json& result : results) {
    text += "\n" + heading_of(result);
    for (const bool is_small : {false, true}) {
      const table cells(result, is_small);
      if (cells.empty()) continue;
      text += "\n" + cells.layout() + " elements" + (is_small ? ", one thread" : "") + ":\n\n" +
              cells.text(!is_small);
    }
  }
  return text;
}

}  // namespace bench
