// SPDX-License-Identifier: Apache-2.0
//
// Values in sentences.
#pragma once

#include <cstddef>

namespace gradstep::internal {

struct number_text {
  char text[32];
};
/// The shortest text that reads back as the same number, whatever the host's locale.
number_text to_text(double value) noexcept;

/// A caller's string for a message: quoted, and cut when it is long.
struct quoted_text {
  char text[80];
};
quoted_text quoted(const char* text) noexcept;

/// Ends a text of UTF-8 that was cut to fill `size` bytes, at least 8, its last 0 included: with
/// "..." after its last whole character.
void end_cut_text(char* text, std::size_t size) noexcept;

}  // namespace gradstep::internal
