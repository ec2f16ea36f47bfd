// SPDX-License-Identifier: Apache-2.0
#include "entry_names.hpp"

#include <cstdint>
#include <cstring>

namespace gradstep::internal {
namespace {

constexpr std::size_t longest_name = 255;  // bytes

/// The character that the text begins with and how many bytes it has; 0 bytes: none that UTF-8 has.
struct decoded {
  std::uint32_t character;
  std::size_t size;
};

decoded decode(const unsigned char* text) {
  if (text[0] < 0x80) return {text[0], 1};
  const std::size_t size = text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : 2;
  if (text[0] < 0xc2 || text[0] > 0xf4) return {0, 0};
  std::uint32_t character = text[0] & (0x7fU >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((text[i] & 0xc0) != 0x80) return {0, 0};  // the text's end too
    character = character << 6 | (text[i] & 0x3fU);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool is_surrogate = character >= 0xd800 && character <= 0xdfff;
  if (character < least[size] || character > 0x10ffff || is_surrogate) return {0, 0};
  return {character, size};
}

bool is_control(std::uint32_t character) {
  return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

}  // namespace

gradstep_status check_entry_name(const char* argument, const char* name) noexcept {
  if (name == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "%s is NULL", argument);
  const std::size_t length = strnlen(name, longest_name + 1);
  if (length == 0 || length > longest_name) {
    return fail(GRADSTEP_INVALID_ARGUMENT, "%s has %s: 1 to %zu are allowed", argument,
                length == 0 ? "0 bytes" : "more than 255 bytes", longest_name);
  }
  const auto* text = reinterpret_cast<const unsigned char*>(name);
  for (std::size_t i = 0; i < length;) {
    const auto [character, size] = decode(text + i);
    if (size == 0) {
      return fail(GRADSTEP_INVALID_ARGUMENT, "%s is not UTF-8: byte %zu is 0x%02x", argument, i,
                  static_cast<unsigned>(text[i]));
    }
    if (is_control(character)) {
      return fail(GRADSTEP_INVALID_ARGUMENT, "%s has the control character U+%04X at byte %zu",
                  argument, static_cast<unsigned>(character), i);
    }
    i += size;
  }
  return GRADSTEP_OK;
}

}  // namespace gradstep::internal
