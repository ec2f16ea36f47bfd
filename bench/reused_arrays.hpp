// SPDX-License-Identifier: Apache-2.0
//
// The memory of all cases, which run one after the other.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <vector>

namespace bench {

/// Numbered arrays, used by one case after the other. An array grows to what the largest case
/// needs. So the program takes the memory of one case, and steps do not pay for page faults.
class arrays {
 public:
  /// At least `bytes` bytes with undefined contents. A later call for the same array with more
  /// bytes invalidates the pointer.
  std::byte* at(std::size_t index, std::size_t bytes);

 private:
  struct release {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  struct array {
    std::unique_ptr<std::byte, release> memory;
    std::size_t bytes = 0;  // usable bytes
  };
  std::vector<array> arrays_;
};

}  // namespace bench
