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

/// Finds names, which have to stay where they are, in O(log n) whatever they are: a file may hold
/// those that make a hash table slow.
class sorted_names {
 public:
  sorted_names() = default;
  explicit sorted_names(std::span<const std::string_view> names);
  /// For each element of a range; name_of is a member, or gives a reference to the name.
  template <class Range, class NameOf>
  sorted_names(const Range& range, const NameOf& name_of)
      : sorted_names(names_of(range, name_of)) {}

  /// A name that stands there more than once; none when all differ.
  std::optional<std::string_view> repeated() const noexcept;

  /// The index of the name, as the constructor was given it; of one that is there twice, any.
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
