// SPDX-License-Identifier: Apache-2.0
#include "json/utf8.hpp"

#include <bit>
#include <cstdint>
#include <cstring>

namespace gradstep::internal {
namespace {

constexpr std::uint64_t ones = 0x0101010101010101, highs = 0x80 * ones;

bool is_plain(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

/// Sets the high bit of each byte that is below the limit, which is at most 128. Only the lowest
/// such bit is reliable.
constexpr std::uint64_t below(std::uint64_t bytes, std::uint64_t limit) {
  return (bytes - limit * ones) & ~bytes & highs;
}

}  // namespace

const char* skip_plain(const char* at, const char* end) noexcept {
  // Eight bytes at a time. The first byte is the word's lowest.
  static_assert(std::endian::native == std::endian::little);
  for (std::uint64_t word = 0; end - at >= 8; at += 8) {
    std::memcpy(&word, at, 8);
    const std::uint64_t others = (word & highs) | below(word, 0x20) |
                                 below(word ^ ('"' * ones), 1) | below(word ^ ('\\' * ones), 1);
    if (others != 0) return at + std::countr_zero(others) / 8;
  }
  while (at != end && is_plain(*at)) ++at;
  return at;
}

std::size_t utf8_length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xC2   ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length == 0 || text.size() < length) return 0;
  // Refuses overlong forms, halves of surrogate pairs, and characters beyond U+10FFFF.
  const unsigned least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < least || byte(1) > most) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

}  // namespace gradstep::internal
