// SPDX-License-Identifier: Apache-2.0
//
// Row and column slots for the loops over strips, which know no rows and columns. In long rows a
// row's number is repeated and the columns' numbers are read where they are. In short rows both
// become arrays with one number per element, for a few elements at a time, in the cache.
#pragma once

#include <algorithm>

#include "kernels/loops/range_part.hpp"
#include "kernels/storage/strip_load.hpp"

namespace gradstep::internal {
namespace {

/// The elements that are expanded at a time: whole blocks of 8-bit slots.
constexpr std::size_t expanded_elements = 1024;

/// to[i] = the number of the row, or of the column, of the range's `at + i`-th element.
template <class T>
void expand_line_slot(slot_extent extent, const step_range& r, const T* slot, std::size_t at,
                      std::size_t count, T* to) {
  for (std::size_t done = 0; done < count;) {
    const std::size_t index = r.offset + at + done;
    const std::size_t row = index / r.columns, column = index % r.columns;
    const std::size_t n = std::min(count - done, r.columns - column);
    if (extent == slot_extent::row) {
      std::fill_n(to + done, n, slot[row]);
    } else {
      std::copy_n(slot + row / r.rows * r.columns + column, n, to + done);
    }
    done += n;
  }
}

/// Whether lines of that length are long enough to be worked on one by one, and begin at blocks of
/// 8-bit slots, if the range has some. lines_apart: elements from one line to the next.
inline bool has_long_lines(const step_range& r, std::size_t line_length, std::size_t lines_apart) {
  constexpr std::size_t long_line = 256;
  if (line_length < long_line) return false;
  if (line_length % block_elements == 0 && lines_apart % block_elements == 0 &&
      r.first_index % block_elements == 0) {
    return true;
  }
  for (std::size_t s = 0; s < r.slot_count; ++s) {
    if (r.slots[s].data != nullptr && has_blocks(r.slots[s].type)) return false;
  }
  return true;
}

/// Whether one of the slots has a number for each row or column. slots: true for those that count.
template <class Rule, class Slots>
constexpr bool any_line_slot(const Slots& slots) {
  bool result = false;
  for (std::size_t s = 0; s < Rule::info.slot_count; ++s) {
    result |= slots[s] && Rule::info.slots[s].extent != slot_extent::element;
  }
  return result;
}

/// Sets the line slots of `part`, a part of one row of the range from its `at`-th element on: a row
/// slot is one repeated number, and a column slot is read where it is.
template <class Rule, class T>
void place_in_row(const step_range& range, std::size_t at, step_range& part) {
  const std::size_t index = range.offset + at, row = index / range.columns;
  for (std::size_t s = 0; s < Rule::info.slot_count; ++s) {
    const slot_extent extent = Rule::info.slots[s].extent;
    T* const slot = static_cast<T*>(range.slots[s].data);
    if (extent == slot_extent::element || slot == nullptr) continue;
    const bool is_row = extent == slot_extent::row;
    const std::size_t first =
        is_row ? row : row / range.rows * range.columns + index % range.columns;
    part.slots[s] = {slot + first, nullptr, native<T>, false, is_row};
  }
  part.line_slots = 0;
}

/// Line slots of parts of a range, as the loops over strips read them.
template <class Rule, class T>
class line_slot_parts {
 public:
  /// Calls use(part) for parts of the range: for parts of rows or, if rows are short, for some
  /// elements with expanded slots.
  template <class Use>
  void for_each_part(const step_range& range, const Use& use) {
    const bool is_by_rows = has_long_lines(range, range.columns, range.columns);
    for (std::size_t at = 0; at < range.count;) {
      const std::uint64_t place = range.first_index + at;
      const std::size_t count =
          is_by_rows ? left_in_row(range, at)
                     : std::min<std::size_t>(range.count - at,
                                             expanded_elements - place % expanded_elements);
      step_range part = range;
      cut_to(part, at, at + count);
      place_slots(range, at, part);
      use(part);
      at += count;
    }
  }

  /// Sets the line slots of `part`: the elements of the range from the `at`-th one on, of one row
  /// or at most expanded_elements of them.
  void place_slots(const step_range& range, std::size_t at, step_range& part) {
    if ((range.offset + at) % range.columns + part.count <= range.columns) {
      return place_in_row<Rule, T>(range, at, part);
    }
    std::size_t next = 0;
    for (std::size_t s = 0; s < Rule::info.slot_count; ++s) {
      const slot_extent extent = Rule::info.slots[s].extent;
      if (extent == slot_extent::element) continue;
      T* const room = elements_[next++];
      const T* const slot = static_cast<const T*>(range.slots[s].data);
      if (slot == nullptr) continue;
      expand_line_slot(extent, range, slot, at, part.count, room);
      part.slots[s] = {room, nullptr, native<T>, false};
    }
    part.line_slots = 0;
  }

 private:
  static constexpr std::size_t slot_count = [] {
    std::size_t count = 0;
    for (std::size_t s = 0; s < Rule::info.slot_count; ++s) {
      count += Rule::info.slots[s].extent != slot_extent::element ? 1 : 0;
    }
    return count;
  }();

  alignas(64) T elements_[slot_count][expanded_elements];
};

/// Loads a strip of a slot, which may be one repeated number.
template <slot_extent Extent, class T, std::size_t Vectors>
[[gnu::always_inline]] inline void load_slot(const prepared_operand& from, std::size_t index,
                                             strip<T, Vectors>& to) {
  if constexpr (Extent == slot_extent::row) {
    if (from.is_repeated) {
      const vec<T> number(*from.at<const T>(0));
      return to.set_each([=](std::size_t) { return number; });
    }
  }
  load(from, index, to);
}

}  // namespace
}  // namespace gradstep::internal
