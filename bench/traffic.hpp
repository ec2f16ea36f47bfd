// SPDX-License-Identifier: Apache-2.0
//
// The bytes that a step moves: which arrays cross the memory bus, how wide their elements are, and
// whether they are read, written or both.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

enum class access { read, write, read_and_write };

/// An array's bytes are counted per block of this many elements, because the scales of 8-bit dtypes
/// take less than a byte per element.
inline constexpr std::size_t block_elements = 256;

/// One array.
struct stream {
  std::string name;
  std::byte* data;
  std::size_t block_bytes;
  access mode;

  /// The bytes per element that cross the memory bus.
  double bytes_per_element() const {
    const std::size_t crossings = mode == access::read_and_write ? 2 : 1;
    return static_cast<double>(block_bytes * crossings) / block_elements;
  }
  /// The bytes in memory of the first `count` elements.
  std::size_t bytes_of(std::size_t count) const {
    const std::size_t rest = count % block_elements;
    const std::size_t rest_bytes = block_bytes < block_elements && rest != 0
                                       ? block_bytes
                                       : rest * block_bytes / block_elements;
    return count / block_elements * block_bytes + rest_bytes;
  }
};

/// The arrays that one pass goes through side by side.
using pass = std::vector<stream>;

/// Passes one after the other over the same `count` elements.
struct traffic {
  std::vector<pass> passes;
  std::size_t count;

  double bytes_per_element() const {
    double bytes = 0;
    for (const pass& p : passes) {
      for (const stream& s : p) bytes += s.bytes_per_element();
    }
    return bytes;
  }
};

}  // namespace bench
