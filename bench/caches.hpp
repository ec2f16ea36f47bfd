// SPDX-License-Identifier: Apache-2.0
//
// The levels of memory, and which of them arrays fit into.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

/// A cache for data.
struct cache {
  int level;
  std::size_t bytes;
  std::size_t shared_by;  // logical CPUs that have it together
};

/// The bytes that so many threads have there together, if each runs on a CPU next to the last
/// one's.
std::size_t capacity(const cache& c, std::size_t threads);

/// "L2".
std::string level_name(const cache& c);

/// "L1", "L2", "L3", or "memory": the nearest level that has room for so many bytes of the threads
/// together.
std::string level_of(const std::vector<cache>& caches, std::size_t bytes, std::size_t threads);

}  // namespace bench
