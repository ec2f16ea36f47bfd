// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace gradstep::internal {

/// Finds names in O(log n), whatever the names are: a hostile file may hold names that make a hash
/// table slow. The names have to stay in place.
class sorted_names {
 public:
  sorted_names() = default;
  explicit sorted_names(std::span<const std::string_view> names);
  /// The names of a range's elements. name_of: a member, or a function that gives a reference to
  /// the name.
  template <class Range, class NameOf>
  sorted_names(const Range& range, const NameOf& name_of)
      : sorted_names(names_of(range, name_of)) {}

  /// A name that occurs more than once; no value: all names differ.
  std::optional<std::string_view> repeated() const noexcept;

  /// The index of the name in the order of the constructor; any of its indices if it occurs more
  /// than once. No value: there is no such name.
  std::optional<std::size_t> find(std::string_view name) const noexcept;

 private:
  struct entry {
    std::uint64_t hash;
    std::string_view name;
    std::size_t index;
  };

  template <class Range, class NameOf>
  static std::vector<std::string_view> names_of(const Range& range, const NameOf& name_of) {
    std::vector<std::string_view> names;
    names.reserve(range.size());
    for (const auto& element : range) {
      static_assert(!std::is_same_v<std::invoke_result_t<NameOf, decltype(element)>, std::string>);
      names.emplace_back(std::invoke(name_of, element));
    }
    return names;
  }

  std::vector<entry> entries_;  // by hash, then by name
};

}  // namespace gradstep::internal
