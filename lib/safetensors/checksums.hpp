// SPDX-License-Identifier: Apache-2.0
//
// The checksums of a checkpoint file: zlib's CRC-32, as 8 lower-case hexadecimal digits.
//
//   metadata "gradstep.header_crc32"  of the 8 bytes of the header's length and the header, padding
//                                     too, with these digits taken as zeros
//   metadata "gradstep.crc32"         of each array, in the order of the header, separated by
//   spaces
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gradstep::internal {

inline constexpr std::string_view header_crc32_key = "gradstep.header_crc32";
inline constexpr std::string_view array_crc32_key = "gradstep.crc32";

/// How the header of a file with checksums begins; the digits of its own follow.
inline constexpr std::string_view sealed_start = R"({"__metadata__":{"gradstep.header_crc32":")";

inline constexpr std::size_t crc32_digits = 8;
inline constexpr std::size_t length_bytes = 8;  // the header's length, before the header

/// Continues a CRC-32; that of nothing is 0.
std::uint32_t crc32_of(const void* data, std::size_t bytes, std::uint32_t before = 0);

std::string hex_of(std::uint32_t crc32);
std::optional<std::uint32_t> parse_hex(std::string_view digits);

/// Of the file's first bytes, up to the data; they start with sealed_start after the length.
std::uint32_t header_crc32(std::string_view file_start);

/// Whether a header, without the length, starts as one with checksums.
bool is_sealed(std::string_view header);

/// The digits that a sealed header claims.
std::string_view claimed_digits(std::string_view header);

}  // namespace gradstep::internal
