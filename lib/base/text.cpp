// SPDX-License-Identifier: Apache-2.0
#include "base/text.hpp"

#include <algorithm>
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
  constexpr std::size_t shown = 68;  // bytes, including the terminating 0
  char start[shown];
  const std::size_t length = strnlen(text, shown);
  std::memcpy(start, text, std::min(length + 1, shown));
  if (length == shown) end_cut_text(start, shown);
  quoted_text result;
  std::snprintf(result.text, sizeof result.text, "\"%s\"", start);
  return result;
}

void end_cut_text(char* text, std::size_t size) noexcept {
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; };
  constexpr char dots[] = "...";
  std::size_t end = size - sizeof dots;
  // A character has at most three more bytes; a text that is not UTF-8 is cut anywhere.
  for (int i = 0; i < 3 && continues(text[end]); ++i) --end;
  std::memcpy(text + end, dots, sizeof dots);
}

}  // namespace gradstep::internal
