// SPDX-License-Identifier: Apache-2.0
#include "cache_facts.hpp"

#include <cctype>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "system_files.hpp"
#include "topology.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

std::string in_lower_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

/// Of a text such as "48K" or "32M".
std::optional<long long> parse_size(const std::string& text) {
  const bool is_mega = !text.empty() && text.back() == 'M';
  const bool is_kilo = !text.empty() && text.back() == 'K';
  const auto number = parse_integer(text.substr(0, text.size() - (is_mega || is_kilo ? 1 : 0)));
  if (!number || *number <= 0) return std::nullopt;
  return *number * (is_mega ? 1 << 20 : is_kilo ? 1 << 10 : 1);
}

using cache = std::tuple<long long, std::string, long long, std::size_t>;

/// Nothing: it has instructions only, or the system does not say enough of it.
std::optional<cache> read_cache(const fs::path& folder) {
  const auto level = read_integer(folder / "level");
  const std::string kind = in_lower_case(read_line(folder / "type").value_or(""));
  const auto bytes = parse_size(read_line(folder / "size").value_or(""));
  const std::size_t shared_by = read_cpu_list(folder / "shared_cpu_list").size();
  if (!level || *level < 1 || !bytes || shared_by == 0) return std::nullopt;
  if (kind != "data" && kind != "unified") return std::nullopt;
  return cache{*level, kind, *bytes, shared_by};
}

}  // namespace

nlohmann::json cache_facts(const fs::path& root) {
  std::set<cache> caches;
  for (const int cpu : online_cpus(root)) {
    const fs::path folder =
        root / "sys/devices/system/cpu" / ("cpu" + std::to_string(cpu)) / "cache";
    for (const int index : numbered_entries(folder, "index")) {
      const auto found = read_cache(folder / ("index" + std::to_string(index)));
      if (found) caches.insert(*found);
    }
  }
  nlohmann::json facts = nlohmann::json::array();
  for (const auto& [level, kind, bytes, shared_by] : caches) {
    facts.push_back({{"level", level}, {"kind", kind}, {"bytes", bytes}, {"shared_by", shared_by}});
  }
  return facts;
}

}  // namespace bench
