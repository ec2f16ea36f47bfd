// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "safetensors/safetensors_header.hpp"

namespace gradstep::internal {

struct saved_array {
  std::string name;                  // unique, not empty, UTF-8
  std::string dtype;                 // known to dtype_bytes
  std::vector<std::uint64_t> shape;  // row-major; empty: a single number
  const void* data;                  // all elements, little-endian
};

/// Writes a safetensors file with checksums, whole or not at all (file_replacement). Arrays with
/// larger elements come first, so that each array is aligned; otherwise the order is the given one.
/// The same input gives the same bytes. Throws failure: IO_ERROR; INVALID_ARGUMENT for what a
/// reader would refuse: wrong names or dtypes, metadata that is not UTF-8 or has a checksum's key,
/// a header of more than most_header_bytes.
void write_safetensors(const std::string& path, const std::vector<saved_array>& arrays,
                       const metadata_map& metadata);

}  // namespace gradstep::internal
