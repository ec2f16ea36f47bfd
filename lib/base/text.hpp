// SPDX-License-Identifier: Apache-2.0
//
// Numbers and strings as sentences show them.
#pragma once

#include <cstdarg>
#include <cstddef>

namespace gradstep::internal {

struct number_text {
  char text[32];
};
/// The shortest text that reads back as the same number, whatever the host's locale.
number_text to_text(double value) noexcept;

/// A caller's string in quotes; a long one is cut, and ends with "...".
struct quoted_text {
  char text[80];
};
quoted_text quoted(const char* text) noexcept;

/// Writes what vsnprintf would write. A text that is longer than `size` is cut by end_cut_text().
[[gnu::format(printf, 3, 0)]] void print_text(char* text, std::size_t size, const char* format,
                                              std::va_list arguments) noexcept;

/// A text that is cut has room for a character and "...".
inline constexpr std::size_t smallest_cut_text = 8;

/// Replaces the end of a UTF-8 text that was cut by "...", after the last character that is whole.
/// The text fills `size` bytes, including its terminating 0; size >= smallest_cut_text.
void end_cut_text(char* text, std::size_t size) noexcept;

}  // namespace gradstep::internal
