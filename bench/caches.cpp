// SPDX-License-Identifier: Apache-2.0
#include "caches.hpp"

#include <algorithm>

namespace bench {

std::size_t capacity(const cache& c, std::size_t threads) {
  const std::size_t sharing = std::max<std::size_t>(c.shared_by, 1);
  return c.bytes * ((threads + sharing - 1) / sharing);
}

std::string level_name(const cache& c) { return std::string("L").append(std::to_string(c.level)); }

std::string level_of(const std::vector<cache>& caches, std::size_t bytes, std::size_t threads) {
  const cache* nearest = nullptr;
  for (const cache& c : caches) {
    const bool fits = bytes <= capacity(c, threads);
    if (fits && (nearest == nullptr || c.level < nearest->level)) nearest = &c;
  }
  return nearest == nullptr ? "memory" : level_name(*nearest);
}

}  // namespace bench
