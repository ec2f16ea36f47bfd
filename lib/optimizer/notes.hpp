// SPDX-License-Identifier: Apache-2.0
//
// The caller's own texts.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace gradstep::internal {

/// Each note by its name. Nodes stay in place, so names and texts do too.
using note_map = std::map<std::string, std::string, std::less<>>;

/// Bytes.
inline constexpr std::size_t longest_note = std::size_t{1} << 20;

/// Throws failure (INVALID_ARGUMENT) for a malformed name or text.
void check_note(const char* name, const char* text);

}  // namespace gradstep::internal
