// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/stored_types.hpp"

namespace gradstep::internal {
namespace {

constexpr std::string_view low_suffix = " with lower halves";

}  // namespace

std::string stored_name(dtype type, bool has_low) {
  std::string name = traits_of(type).name;
  if (has_low) name += low_suffix;
  return name;
}

std::optional<stored_type> find_stored_type(std::string_view name) {
  const bool has_low = name.ends_with(low_suffix);
  if (has_low) name.remove_suffix(low_suffix.size());
  for (const dtype_traits& row : dtype_table) {
    if (name != row.name) continue;
    if (has_low && row.extra != extra_kind::lower_halves) continue;
    return stored_type{row.type, has_low};
  }
  return std::nullopt;
}

}  // namespace gradstep::internal
