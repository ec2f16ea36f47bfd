// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace gradstep::internal {

/// For the names of groups, tensors and notes. Throws failure (INVALID_ARGUMENT) unless the name is
/// 1 to 255 bytes of UTF-8 without control characters. The sentence calls it `argument`.
void check_entry_name(const char* argument, const char* name);

/// Throws failure (INVALID_ARGUMENT) unless all of the text is UTF-8.
void check_utf8(const char* argument, const char* text, std::size_t length);

}  // namespace gradstep::internal
