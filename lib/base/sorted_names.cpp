// SPDX-License-Identifier: Apache-2.0
#include "base/sorted_names.hpp"

#include <algorithm>
#include <functional>
#include <utility>

namespace gradstep::internal {

sorted_names::sorted_names(std::span<const std::string_view> names) {
  entries_.reserve(names.size());
  for (const auto& name : names) {
    entries_.push_back({std::hash<std::string_view>()(name), name, entries_.size()});
  }
  std::sort(entries_.begin(), entries_.end(), [](const entry& a, const entry& b) {
    if (a.hash != b.hash) return a.hash < b.hash;
    return a.name < b.name;
  });
}

std::optional<std::string_view> sorted_names::repeated() const noexcept {
  const auto twin = std::adjacent_find(
      entries_.begin(), entries_.end(),
      [](const entry& a, const entry& b) { return a.hash == b.hash && a.name == b.name; });
  if (twin == entries_.end()) return std::nullopt;
  return twin->name;
}

std::optional<std::size_t> sorted_names::find(std::string_view name) const noexcept {
  const std::uint64_t hash = std::hash<std::string_view>()(name);
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), std::pair(hash, name),
                                      [](const entry& e, const auto& wanted) {
                                        if (e.hash != wanted.first) return e.hash < wanted.first;
                                        return e.name < wanted.second;
                                      });
  if (found == entries_.end() || found->hash != hash || found->name != name) {
    return std::nullopt;
  }
  return found->index;
}

}  // namespace gradstep::internal
