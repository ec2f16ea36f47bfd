// SPDX-License-Identifier: Apache-2.0
//
// The names that a caller gives to groups and tensors.
#pragma once

#include "capi/error.hpp"

namespace gradstep::internal {

/// 1 to 255 bytes of UTF-8 without control characters. `argument` is what the sentence calls it.
gradstep_status check_entry_name(const char* argument, const char* name) noexcept;

}  // namespace gradstep::internal
