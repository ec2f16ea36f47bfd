// SPDX-License-Identifier: Apache-2.0
#include "safetensors/checksums.hpp"

#include <zlib.h>

namespace gradstep::internal {

std::uint32_t crc32_of(const void* data, std::size_t bytes, std::uint32_t before) {
  return static_cast<std::uint32_t>(::crc32_z(before, static_cast<const Bytef*>(data), bytes));
}

std::string hex_of(std::uint32_t crc32) {
  std::string digits(crc32_digits, '0');
  for (std::size_t i = crc32_digits; i-- > 0; crc32 >>= 4) {
    digits[i] = "0123456789abcdef"[crc32 & 15];
  }
  return digits;
}

std::optional<std::uint32_t> parse_hex(std::string_view digits) {
  if (digits.size() != crc32_digits) return std::nullopt;
  std::uint32_t value = 0;
  for (const char digit : digits) {
    const auto nibble = std::string_view("0123456789abcdef").find(digit);
    if (nibble == std::string_view::npos) return std::nullopt;
    value = value << 4 | static_cast<std::uint32_t>(nibble);
  }
  return value;
}

std::uint32_t header_crc32(std::string_view file_start) {
  const std::size_t digits_at = length_bytes + sealed_start.size();
  const std::string zeros(crc32_digits, '0');
  const std::string_view rest = file_start.substr(digits_at + crc32_digits);
  std::uint32_t crc32 = crc32_of(file_start.data(), digits_at);
  crc32 = crc32_of(zeros.data(), zeros.size(), crc32);
  return crc32_of(rest.data(), rest.size(), crc32);
}

bool is_sealed(std::string_view header) {
  return header.size() >= sealed_start.size() + crc32_digits && header.starts_with(sealed_start);
}

std::string_view claimed_digits(std::string_view header) {
  return header.substr(sealed_start.size(), crc32_digits);
}

}  // namespace gradstep::internal
