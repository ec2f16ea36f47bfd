// SPDX-License-Identifier: Apache-2.0
//
// How the elements of an array stand in a checkpoint file.
#pragma once

#include <string_view>

#include "kernels/storage/operand.hpp"

namespace gradstep::internal {

struct stored_type {
  dtype type;
  bool has_low;             // bfloat16 with lower halves
  const char* name;         // in the state
  const char* safetensors;  // the safetensors format's dtype
};

/// Whether an array is of bfloat16 with lower halves.
inline bool has_low_halves(const operand& array) {
  return !has_blocks(array.type) && array.extra != nullptr;
}

/// Every dtype has one; has_low: only with bfloat16.
const stored_type& stored_type_of(dtype type, bool has_low);

/// nullptr: no type has that name in the state.
const stored_type* find_stored_type(std::string_view name);

}  // namespace gradstep::internal
