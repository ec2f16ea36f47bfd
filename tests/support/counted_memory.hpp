// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace gradstep_test {

/// The bytes that `new` of this program and its shared libraries holds now, the most that it has
/// held since the last reset, and how often it was called. For one thread.
std::size_t held_bytes() noexcept;
std::size_t peak_bytes() noexcept;
void reset_peak() noexcept;
std::size_t allocation_count() noexcept;

/// The most memory that body() holds at a time, beyond what was held before.
template <class Body>
std::size_t memory_of(const Body& body) {
  reset_peak();
  const std::size_t before = held_bytes();
  body();
  return peak_bytes() - before;
}

}  // namespace gradstep_test
