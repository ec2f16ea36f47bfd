// SPDX-License-Identifier: Apache-2.0
#include "result_file.hpp"

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "embedded.hpp"
#include "files.hpp"
#include "schema_check.hpp"
#include "shown_text.hpp"

namespace bench {
namespace {

using nlohmann::json;

/// Deeper than any result. Others are refused while they are parsed, since what follows recurses.
constexpr int most_levels = 32;

/// A clause that says what is wrong with a result, or none.
using problem = std::optional<std::string>;

const json& schema() {
  static const json parsed = json::parse(embedded::result_schema);
  return parsed;
}

/// Throws std::runtime_error with a clause.
json parse(std::string_view text) {
  const auto check_depth = [](int depth, json::parse_event_t, json&) {
    if (depth > most_levels) {
      throw std::runtime_error("it has more than " + std::to_string(most_levels) +
                               " arrays and objects within one another");
    }
    return true;
  };
  try {
    return json::parse(text, check_depth);
  } catch (const json::exception& error) {
    const std::string_view message = error.what();
    const std::size_t name_end = message.find("] ");  // of "[json.exception.parse_error.101] "
    throw std::runtime_error("it is no JSON: " + shown_text(name_end == message.npos
                                                                ? message
                                                                : message.substr(name_end + 2)));
  }
}

problem wrong_kind(const json& result) {
  const json& properties = schema().at("properties");
  const json& kind = properties.at("schema").at("const");
  if (!result.is_object() || !result.contains("schema") || result["schema"] != kind) {
    return "it is no result of gradstep-bench, whose member \"schema\" is " + kind.dump();
  }
  const json& version = properties.at("schema_version").at("const");
  const json found = result.value("schema_version", json());
  if (!found.is_number_integer() || found <= version) return std::nullopt;
  return "its schema_version is " + found.dump() + ", and this program reads " + version.dump() +
         "; a newer gradstep-bench reads it";
}

problem wrong_order(const json& estimate, const std::string& place) {
  if (estimate["low"] <= estimate["median"] && estimate["median"] <= estimate["high"]) {
    return std::nullopt;
  }
  return place + " has low " + estimate["low"].dump() + ", median " + estimate["median"].dump() +
         " and high " + estimate["high"].dump() + "; allowed is low <= median <= high";
}

/// Of the members of a list's items.
problem wrong_order_in(const json& result, const std::string& list, const std::string& member) {
  const json& items = result.at(json::json_pointer(list));
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!items[i].contains(member)) continue;
    const std::string place = list + "/" + std::to_string(i) + "/" + member;
    if (auto wrong = wrong_order(items[i][member], place)) return wrong;
  }
  return std::nullopt;
}

problem wrong_ratio(const json& rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const json ratios = rows[i].value("ratios", json::object());
    for (const auto& [name, ratio] : ratios.items()) {
      const auto place = json::json_pointer("/rows") / i / "ratios" / name;
      if (auto wrong = wrong_order(ratio, shown_text(place.to_string()))) return wrong;
    }
  }
  return std::nullopt;
}

problem wrong_estimate(const json& result) {
  for (const char* member : {"ns_per_element", "percent_of_limit"}) {
    if (auto wrong = wrong_order_in(result, "/rows", member)) return wrong;
  }
  if (auto wrong = wrong_order_in(result, "/machine/bandwidth", "gb_per_second")) return wrong;
  if (result.contains("claims")) {
    if (auto wrong = wrong_order_in(result, "/claims", "figure")) return wrong;
  }
  return wrong_ratio(result["rows"]);
}

problem repeated_row(const json& rows) {
  std::set<std::pair<std::string, std::string>> seen;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const json& row = rows[i];
    const auto name = row["name"].get<std::string>();
    if (seen.emplace(name, row["contender"].get<std::string>()).second) continue;
    return "/rows/" + std::to_string(i) + " has the name " + shown_text(row["name"].dump()) +
           " and the contender " + shown_text(row["contender"].dump()) +
           ", as a row before it; allowed is each pair once";
  }
  return std::nullopt;
}

problem problem_of(const json& result) {
  if (auto found = wrong_kind(result)) return found;
  if (auto found = schema_violation(schema(), result)) return found;
  if (auto found = wrong_estimate(result)) return found;
  return repeated_row(result["rows"]);
}

std::string without_last_point(std::string text) {
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

json parse_result(std::string_view text, std::string_view file) {
  const auto refuse = [file](const std::string& why) {
    throw invalid_result(shown_path(file) + " is not a valid result: " + without_last_point(why) +
                         ".");
  };
  json result;
  try {
    result = parse(text);
  } catch (const std::runtime_error& error) {
    refuse(error.what());
  }
  if (const problem found = problem_of(result)) refuse(*found);
  return result;
}

json read_result(const std::filesystem::path& path) {
  return parse_result(read_text(path), path.string());
}

void write_result(const std::filesystem::path& path, const json& result) {
  write_text(path, result.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

}  // namespace bench
