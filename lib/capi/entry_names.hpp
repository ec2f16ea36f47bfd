// SPDX-License-Identifier: Apache-2.0
//
// The names that a caller gives to groups and tensors.
#pragma once

#include <gradstep/gradstep.h>

#include "optimizer/tensor_table.hpp"

namespace gradstep::internal {

/// Throws failure (INVALID_ARGUMENT) unless the name is 1 to 255 bytes of UTF-8 without control
/// characters. The sentence calls it `argument`.
void check_entry_name(const char* argument, const char* name);

/// INVALID_ARGUMENT if a group or a tensor, as `thing` says, has the name already.
gradstep_status check_name_is_free(const char* argument, const char* name, const name_index& names,
                                   const char* thing);

}  // namespace gradstep::internal
