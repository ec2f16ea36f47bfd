// SPDX-License-Identifier: Apache-2.0
//
// The header of a safetensors file: its arrays, which fill the data without holes in the order of
// the header, and its metadata.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sorted_names.hpp"

namespace gradstep::internal {

using metadata_map = std::map<std::string, std::string>;

struct stored_array {
  std::string name;
  std::string dtype;                 // one that dtype_bytes knows
  std::vector<std::uint64_t> shape;  // empty: a single number
  std::uint64_t begin = 0;           // within the data
  std::uint64_t bytes = 0;
  std::uint32_t crc32 = 0;  // where the file has checksums
};

struct safetensors_header {
  metadata_map metadata;
  std::vector<stored_array> arrays;
  sorted_names names = {};  // of the arrays
};

inline constexpr std::string_view metadata_key = "__metadata__";

/// The format's own limit.
inline constexpr std::uint64_t most_header_bytes = 100'000'000;

/// Bytes of an element; 0 for a dtype that the format does not have.
std::size_t dtype_bytes(std::string_view dtype);

/// Bytes of an array; none when they are more than 64 bits can count.
std::optional<std::uint64_t> bytes_of(const std::vector<std::uint64_t>& shape,
                                      std::size_t element_bytes);

/// Takes the text of a header apart and checks it whole, against the bytes of data that follow in
/// the file too; a few times its memory is enough. Throws CORRUPT.
safetensors_header parse_header(std::string_view text, std::uint64_t data_bytes);

}  // namespace gradstep::internal
