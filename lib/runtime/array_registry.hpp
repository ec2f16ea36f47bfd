// SPDX-License-Identifier: Apache-2.0
//
// Where the caller's arrays are, so that no two of an optimizer's overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace gradstep::internal {

class array_registry {
 public:
  struct entry {
    std::uintptr_t end;
    std::size_t tensor;
    const char* name;  // of the array
  };
  using entries = std::map<std::uintptr_t, entry>;  // by where they begin

  /// Null when none overlaps [begin, end). O(log n).
  const entry* find_overlap(std::uintptr_t begin, std::uintptr_t end) const;

  /// Moves entries that overlap none here into this one.
  void add(entries&& added) noexcept { entries_.merge(added); }

  /// The entry that begins there, taken out; empty when there is none.
  entries::node_type take(std::uintptr_t begin) noexcept { return entries_.extract(begin); }
  void put(entries::node_type&& node) noexcept { entries_.insert(std::move(node)); }

 private:
  entries entries_;
};

}  // namespace gradstep::internal
