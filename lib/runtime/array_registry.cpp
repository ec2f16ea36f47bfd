// SPDX-License-Identifier: Apache-2.0
#include "array_registry.hpp"

#include <iterator>

namespace gradstep::internal {

const array_registry::entry* array_registry::find_overlap(std::uintptr_t begin,
                                                          std::uintptr_t end) const {
  const auto next = entries_.upper_bound(begin);
  if (next != entries_.begin() && std::prev(next)->second.end > begin) {
    return &std::prev(next)->second;
  }
  return next != entries_.end() && next->first < end ? &next->second : nullptr;
}

}  // namespace gradstep::internal
