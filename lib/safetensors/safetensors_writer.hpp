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
  std::string dtype;                 // one that dtype_bytes knows
  std::vector<std::uint64_t> shape;  // row-major; empty: a single number
  const void* data;                  // what `shape` takes, little-endian
};

/// Writes a safetensors file with checksums, whole or not at all (file_replacement). Arrays are
/// written from where they are, those of larger elements first, so that each is aligned; else in
/// the order given. The same input gives the same bytes.
/// Throws INVALID_ARGUMENT for what a reader would refuse - names, dtypes, metadata that is no
/// UTF-8 or takes the checksums' keys, a header of more than most_header_bytes - and IO_ERROR.
void write_safetensors(const std::string& path, const std::vector<saved_array>& arrays,
                       const metadata_map& metadata);

}  // namespace gradstep::internal
