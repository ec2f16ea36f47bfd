// SPDX-License-Identifier: Apache-2.0
#include "optimizer/entry_name.hpp"

#include <cstdint>
#include <cstring>

#include "base/failure.hpp"
#include "json/utf8.hpp"

namespace gradstep::internal {
namespace {

constexpr std::size_t longest_name = 255;  // bytes

/// The first character of a text, whose UTF-8 takes `size` bytes. Above two bytes, where no control
/// characters are, the result is U+FFFF.
std::uint32_t first_character(const unsigned char* text, std::size_t size) {
  if (size == 1) return text[0];
  return size == 2 ? (text[0] & 0x1FU) << 6 | (text[1] & 0x3FU) : 0xFFFF;
}

bool is_control(std::uint32_t character) {
  return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

}  // namespace

void check_entry_name(const char* argument, const char* name) {
  if (name == nullptr) refuse(GRADSTEP_INVALID_ARGUMENT, "%s is NULL", argument);
  const std::size_t length = strnlen(name, longest_name + 1);
  if (length == 0 || length > longest_name) {
    refuse(GRADSTEP_INVALID_ARGUMENT, "%s has %s: 1 to %zu are allowed", argument,
           length == 0 ? "0 bytes" : "more than 255 bytes", longest_name);
  }
  check_utf8(argument, name, length);
  const auto* text = reinterpret_cast<const unsigned char*>(name);
  for (std::size_t i = 0; i < length;) {
    const std::size_t size = utf8_length({name + i, length - i});
    const std::uint32_t character = first_character(text + i, size);
    if (is_control(character)) {
      refuse(GRADSTEP_INVALID_ARGUMENT, "%s has the control character U+%04X at byte %zu", argument,
             static_cast<unsigned>(character), i);
    }
    i += size;
  }
}

void check_utf8(const char* argument, const char* text, std::size_t length) {
  for (std::size_t i = 0; i < length;) {
    const std::size_t size = utf8_length({text + i, length - i});
    if (size == 0) {
      refuse(GRADSTEP_INVALID_ARGUMENT, "%s is not UTF-8: byte %zu is 0x%02x", argument, i,
             static_cast<unsigned>(static_cast<unsigned char>(text[i])));
    }
    i += size;
  }
}

}  // namespace gradstep::internal
