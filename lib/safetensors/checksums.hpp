// SPDX-License-Identifier: Apache-2.0
//
// The checksums of a file: zlib's CRC-32, as 8 lower-case hexadecimal digits. Two keys of the
// metadata hold them:
//
// * "gradstep.crc32": one checksum per array, in the order of the header, separated by spaces.
// * "gradstep.header_crc32": the checksum of the file up to the data, that is of the 8 bytes of the
//   header's length, the header and its padding. These 8 digits count as zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gradstep::internal {

inline constexpr std::string_view header_crc32_key = "gradstep.header_crc32";
inline constexpr std::string_view array_crc32_key = "gradstep.crc32";

/// The start of the header of a file with checksums. The header's own digits follow.
inline constexpr std::string_view sealed_start = R"({"__metadata__":{"gradstep.header_crc32":")";

inline constexpr std::size_t crc32_digits = 8;
inline constexpr std::size_t length_bytes = 8;  // before the header: its length

/// The CRC-32 of what came before and of these bytes. before: 0 if nothing came before.
std::uint32_t crc32_of(const void* data, std::size_t bytes, std::uint32_t before = 0);

std::string hex_of(std::uint32_t crc32);
/// No value: the text is not 8 lower-case hexadecimal digits.
std::optional<std::uint32_t> parse_hex(std::string_view digits);

/// The header's checksum. file_start: the file up to the data, with a sealed header.
std::uint32_t header_crc32(std::string_view file_start);

/// Whether the header is that of a file with checksums. header: without its length.
bool is_sealed(std::string_view header);

/// The digits of its own checksum in a sealed header.
std::string_view claimed_digits(std::string_view header);

}  // namespace gradstep::internal
