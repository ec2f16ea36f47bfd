// SPDX-License-Identifier: Apache-2.0
#include "text.hpp"

#include <charconv>
#include <cstdio>
#include <cstring>

namespace gradstep::internal {

number_text to_text(double value) noexcept {
  number_text result;
  *std::to_chars(result.text, result.text + sizeof result.text - 1, value).ptr = '\0';
  return result;
}

quoted_text quoted(const char* text) noexcept {
  constexpr int shown = 64;
  quoted_text result;
  const bool is_cut = strnlen(text, shown + 1) > shown;
  std::snprintf(result.text, sizeof result.text, "\"%.*s%s\"", shown, text, is_cut ? "..." : "");
  return result;
}

}  // namespace gradstep::internal
