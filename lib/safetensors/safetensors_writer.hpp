// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "safetensors/byte_sink.hpp"
#include "safetensors/safetensors_header.hpp"

namespace gradstep::internal {

struct saved_array {
  std::string name;                  // unique, not empty, UTF-8
  std::string dtype;                 // known to dtype_bytes
  std::vector<std::uint64_t> shape;  // row-major; empty: a single number
  const void* data;                  // all elements, little-endian
};

/// A safetensors file with checksums, before it is written. Arrays with larger elements come first,
/// so that each array is aligned; otherwise the order is the given one. The same input gives the
/// same bytes, whatever the sink.
class safetensors_writer {
 public:
  /// arrays: stay in place as long as this object. Throws failure (INVALID_ARGUMENT) for what a
  /// reader would refuse: wrong names or dtypes, metadata that is not UTF-8 or has a checksum's
  /// key, a header of more than most_header_bytes.
  safetensors_writer(const std::vector<saved_array>& arrays, const metadata_map& metadata);

  /// Bytes of the file.
  std::uint64_t size() const noexcept;

  /// Writes the file, once. After sink.begin(), only the sink itself can fail. A sequential sink
  /// needs the checksums before the data, so the arrays are read twice for it.
  void write(byte_sink& sink);

 private:
  /// An array and its place in the file.
  struct placed_array {
    const saved_array* source;
    std::uint64_t begin = 0;  // in the data
    std::uint64_t bytes = 0;
    std::uint32_t crc32 = 0;  // once it is computed
  };

  void place(const std::vector<saved_array>& arrays);
  void write_start(const metadata_map& metadata);
  void seal();

  std::vector<placed_array> arrays_;
  std::string start_;  // the file up to the data: length, header and padding
};

}  // namespace gradstep::internal
