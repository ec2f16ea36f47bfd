// SPDX-License-Identifier: Apache-2.0
//
// Where arrays are in memory, and which of them overlap.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gradstep::internal {

/// The addresses of an array, from its first element to its last one. Rows may have gaps between
/// them.
struct array_place {
  std::uintptr_t begin, end;
  std::size_t pitch;  // bytes from row to row; 0: no gaps
  std::size_t row;    // bytes of a row without the gap; if there are gaps
};

/// length: in elements, gaps included; columns: of the array's tensor; pitch: in elements.
inline array_place place_of(const void* data, std::size_t element_size, std::size_t length,
                            std::size_t columns, std::size_t pitch) noexcept {
  const auto begin = reinterpret_cast<std::uintptr_t>(data);
  return {begin, begin + length * element_size, pitch * element_size, columns * element_size};
}

/// Whether one array has bytes between the first and the last byte of the other one.
inline bool spans_overlap(const array_place& a, const array_place& b) noexcept {
  return a.begin < b.end && b.begin < a.end;
}

/// Whether the rows of each array lie in the gaps between the other's rows. Both then have the same
/// pitch, and stay apart however many rows there are.
inline bool are_interleaved(const array_place& a, const array_place& b) noexcept {
  if (a.pitch == 0 || a.pitch != b.pitch) return false;
  // From the start of a row of `a` to the next start of a row of `b`.
  const std::size_t distance = a.begin <= b.begin ? (b.begin - a.begin) % a.pitch
                                                  : a.pitch - 1 - (a.begin - b.begin - 1) % a.pitch;
  return distance >= a.row && distance + b.row <= a.pitch;
}

inline bool overlap(const array_place& a, const array_place& b) noexcept {
  return spans_overlap(a, b) && !are_interleaved(a, b);
}

}  // namespace gradstep::internal
