// SPDX-License-Identifier: Apache-2.0
//
// Which dtypes may stand where.
#pragma once

#include <gradstep/gradstep.h>

#include <cstdint>

#include "kernels/storage/dtype.hpp"

namespace gradstep::internal {

/// A set of dtypes: bit n for the dtype of value n.
using dtype_set = std::uint32_t;

constexpr dtype_set only(dtype type) { return 1U << static_cast<unsigned>(type); }

/// The dtypes that have one of these roles.
consteval dtype_set types_for(unsigned roles) {
  dtype_set set = 0;
  for (const dtype_traits& row : dtype_table) {
    if ((row.roles & roles) != 0) set |= only(row.type);
  }
  return set;
}
inline constexpr dtype_set all_types = types_for(~0U);
inline constexpr dtype_set float_types = types_for(param_role);
inline constexpr dtype_set copy_types = types_for(copy_role);
/// Of slots beside params that are not float64.
inline constexpr dtype_set slot_types = types_for(slot_role);
inline constexpr dtype_set non_negative_slot_types = types_for(slot_role | non_negative_slot_role);

constexpr bool contains(dtype_set set, std::int32_t type) {
  return type >= 0 && type < 32 && (set >> type & 1) != 0;
}

/// The dtypes that a rule's slot may have.
constexpr dtype_set slot_types_of(dtype computed, bool is_non_negative) {
  if (computed == dtype::float64) return only(dtype::float64);
  return is_non_negative ? non_negative_slot_types : slot_types;
}

struct dtype_list {
  char text[160];
};
/// "GRADSTEP_FLOAT32 (1), GRADSTEP_BFLOAT16 (3)"
dtype_list to_text(dtype_set set) noexcept;

/// INVALID_ARGUMENT unless the dtype is allowed. The sentence calls it `name`.
gradstep_status check_dtype(const char* name, std::int32_t type, dtype_set allowed) noexcept;

}  // namespace gradstep::internal
