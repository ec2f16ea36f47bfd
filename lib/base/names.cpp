// SPDX-License-Identifier: Apache-2.0
#include "base/names.hpp"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "base/text.hpp"

namespace gradstep::internal {
namespace {

constexpr std::size_t longest = 64;

/// The Levenshtein distance between two names, each cut to `longest` bytes.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  a = a.substr(0, longest);
  b = b.substr(0, longest);
  std::size_t row[longest + 1] = {};
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

/// The edit distance; at most 1 if one name begins with the other and the unknown one has 2 bytes.
std::size_t distance(std::string_view unknown, std::string_view known) {
  const bool is_prefix = unknown.size() >= 2 && (known.substr(0, unknown.size()) == unknown ||
                                                 unknown.substr(0, known.size()) == known);
  return std::min(edit_distance(unknown, known), is_prefix ? std::size_t{1} : longest);
}

}  // namespace

name_suggestions suggest_names(const char* unknown, std::size_t count,
                               const char* (*name_at)(const void* source, std::size_t index),
                               const void* source) noexcept {
  std::size_t least = longest;
  for (std::size_t i = 0; i < count; ++i) {
    const char* const name = name_at(source, i);
    if (name != nullptr) least = std::min(least, distance(unknown, name));
  }
  const std::size_t near = std::max<std::size_t>(2, std::string_view(unknown).size() / 3);
  const std::size_t limit = least <= near ? least + 1 : longest;
  name_suggestions result{};
  std::size_t length = 0;
  for (std::size_t i = 0; i < count && length < sizeof result.text; ++i) {
    const char* name = name_at(source, i);
    if (name == nullptr || distance(unknown, name) > limit) continue;
    length +=
        static_cast<std::size_t>(std::snprintf(result.text + length, sizeof result.text - length,
                                               "%s\"%s\"", length == 0 ? "" : ", ", name));
  }
  if (length >= sizeof result.text) end_cut_text(result.text, sizeof result.text);
  return result;
}

}  // namespace gradstep::internal
