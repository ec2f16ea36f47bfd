// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace gradstep::internal {

/// Bytes of the text's first character; 0: the text does not begin with valid UTF-8.
std::size_t utf8_length(std::string_view text) noexcept;

/// Skips bytes that stand for themselves in a JSON string. Returns the first other byte: a quote, a
/// backslash, a control character, or the start of a character of several bytes. Returns `end` if
/// there is none.
const char* skip_plain(const char* at, const char* end) noexcept;

}  // namespace gradstep::internal
