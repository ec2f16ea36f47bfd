// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace gradstep::internal {

/// Bytes of the character that a text begins with; 0 where it is no UTF-8.
std::size_t utf8_length(std::string_view text) noexcept;

/// The first byte of a text that does not stand for itself in a JSON string: a quote, a backslash,
/// a control character, or the start of more than one byte; `end` without one.
const char* skip_plain(const char* at, const char* end) noexcept;

}  // namespace gradstep::internal
