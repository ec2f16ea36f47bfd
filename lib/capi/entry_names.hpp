// SPDX-License-Identifier: Apache-2.0
//
// The names that a caller gives to groups and tensors.
#pragma once

namespace gradstep::internal {

/// Throws failure (INVALID_ARGUMENT) unless the name is 1 to 255 bytes of UTF-8 without control
/// characters. The sentence calls it `argument`.
void check_entry_name(const char* argument, const char* name);

}  // namespace gradstep::internal
