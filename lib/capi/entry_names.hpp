// SPDX-License-Identifier: Apache-2.0
//
// The names that a caller gives to groups and tensors.
#pragma once

#include <gradstep/gradstep.h>

#include "optimizer/entry_name.hpp"
#include "optimizer/tensor_table.hpp"

namespace gradstep::internal {

/// INVALID_ARGUMENT if a group or a tensor, as `thing` says, has the name already.
gradstep_status check_name_is_free(const char* argument, const char* name, const name_index& names,
                                   const char* thing);

}  // namespace gradstep::internal
