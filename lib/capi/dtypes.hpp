// SPDX-License-Identifier: Apache-2.0
//
// Which dtypes there are, by name, and which may stand where.
#pragma once

#include <gradstep/gradstep.h>

#include <cstdint>

#include "kernels/storage/operand.hpp"

namespace gradstep::internal {

struct dtype_name {
  std::int32_t type;
  const char* name;
};
inline constexpr dtype_name dtype_names[] = {
    {GRADSTEP_FLOAT32, "GRADSTEP_FLOAT32 (1)"},   {GRADSTEP_FLOAT64, "GRADSTEP_FLOAT64 (2)"},
    {GRADSTEP_BFLOAT16, "GRADSTEP_BFLOAT16 (3)"}, {GRADSTEP_FLOAT16, "GRADSTEP_FLOAT16 (4)"},
    {GRADSTEP_SIGNED8, "GRADSTEP_SIGNED8 (5)"},   {GRADSTEP_UNSIGNED8, "GRADSTEP_UNSIGNED8 (6)"},
};

/// A set of dtypes, bit n for the dtype of value n.
using dtype_set = std::uint32_t;
inline constexpr dtype_set only(dtype type) { return 1U << static_cast<unsigned>(type); }
inline constexpr dtype_set float_types =
    only(dtype::float32) | only(dtype::float64) | only(dtype::bfloat16) | only(dtype::float16);
inline constexpr dtype_set copy_types =
    only(dtype::float32) | only(dtype::bfloat16) | only(dtype::float16);
inline constexpr dtype_set narrow_slot_types = copy_types | only(dtype::signed8);
inline constexpr dtype_set all_types = float_types | only(dtype::signed8) | only(dtype::unsigned8);

inline constexpr bool contains(dtype_set set, std::int32_t type) {
  return type >= 0 && type < 32 && (set >> type & 1) != 0;
}

struct dtype_list {
  char text[160];
};
/// "GRADSTEP_FLOAT32 (1), GRADSTEP_BFLOAT16 (3)"
dtype_list to_text(dtype_set set) noexcept;

/// What a rule's slot may be stored as.
inline dtype_set slot_types(dtype computed, bool is_non_negative) {
  if (computed == dtype::float64) return only(dtype::float64);
  return narrow_slot_types | (is_non_negative ? only(dtype::unsigned8) : 0);
}

}  // namespace gradstep::internal
