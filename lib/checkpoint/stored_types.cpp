// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/stored_types.hpp"

#include <algorithm>
#include <iterator>

namespace gradstep::internal {
namespace {

constexpr stored_type stored_types[] = {
    {dtype::float32, false, "float32", "F32"},
    {dtype::float64, false, "float64", "F64"},
    {dtype::bfloat16, false, "bfloat16", "BF16"},
    {dtype::bfloat16, true, "bfloat16 with lower halves", "BF16"},
    {dtype::float16, false, "float16", "F16"},
    {dtype::signed8, false, "signed8", "U8"},
    {dtype::unsigned8, false, "unsigned8", "U8"},
};

}  // namespace

const stored_type& stored_type_of(dtype type, bool has_low) {
  return *std::find_if(
      std::begin(stored_types), std::end(stored_types),
      [&](const stored_type& known) { return known.type == type && known.has_low == has_low; });
}

const stored_type* find_stored_type(std::string_view name) {
  const auto* found = std::find_if(std::begin(stored_types), std::end(stored_types),
                                   [&](const stored_type& known) { return known.name == name; });
  return found == std::end(stored_types) ? nullptr : found;
}

}  // namespace gradstep::internal
