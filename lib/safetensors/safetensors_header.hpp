// SPDX-License-Identifier: Apache-2.0
//
// The header of a safetensors file: metadata, and the arrays. The arrays fill the data without
// holes, in the order of the header.
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
  std::string dtype;                 // known to dtype_bytes
  std::vector<std::uint64_t> shape;  // empty: a single number
  std::uint64_t begin = 0;           // in the data
  std::uint64_t bytes = 0;
  std::uint32_t crc32 = 0;  // if the file has checksums
};

struct safetensors_header {
  metadata_map metadata;
  std::vector<stored_array> arrays;
  sorted_names names = {};  // of the arrays
};

inline constexpr std::string_view metadata_key = "__metadata__";

/// The safetensors format's limit.
inline constexpr std::uint64_t most_header_bytes = 100'000'000;

/// Bytes of an element; 0: the format has no such dtype.
std::size_t dtype_bytes(std::string_view dtype);

/// Bytes of an array; no value: 64 bits cannot count them.
std::optional<std::uint64_t> bytes_of(const std::vector<std::uint64_t>& shape,
                                      std::size_t element_bytes);

/// Parses and checks the text of a header. data_bytes: what follows the header in the file. Needs a
/// few times the text's memory. Throws failure (CORRUPT).
safetensors_header parse_header(std::string_view text, std::uint64_t data_bytes);

}  // namespace gradstep::internal
