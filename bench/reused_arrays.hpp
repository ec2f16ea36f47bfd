// SPDX-License-Identifier: Apache-2.0
//
// The memory that all cases share.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <vector>

namespace bench {

/// Arrays by number. Each grows to what the largest case needs, so the program's memory is that of
/// one case, and no case pays for page faults of its own.
class arrays {
 public:
  /// At least `bytes` bytes, on a huge page's boundary. Contents are undefined. A later call for
  /// the same array with more bytes invalidates the pointer.
  std::byte* at(std::size_t index, std::size_t bytes);

 private:
  struct release {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  struct array {
    std::unique_ptr<std::byte, release> memory;
    std::size_t bytes = 0;  // usable ones
  };
  std::vector<array> arrays_;
};

}  // namespace bench
