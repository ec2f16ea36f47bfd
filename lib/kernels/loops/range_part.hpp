// SPDX-License-Identifier: Apache-2.0
//
// Parts of a range of a tensor.
#pragma once

#include "kernels/loops/step_kernel.hpp"

namespace gradstep::internal {
namespace {

/// Where in a pitched array the index-th element of a tensor stands.
inline std::size_t pitched_index(std::size_t pitch, std::size_t columns, std::size_t index) {
  return index / columns * pitch + index % columns;
}

/// Moves an operand of a range forward by `begin` elements of the tensor.
inline void move_forward(operand& o, const step_range& r, std::size_t begin) {
  if (o.data == nullptr || o.is_repeated) return;
  std::size_t distance = begin;
  if (o.pitch != 0) {
    distance = pitched_index(o.pitch, r.columns, r.offset + begin) -
               pitched_index(o.pitch, r.columns, r.offset);
  }
  o.data = static_cast<char*>(o.data) + distance * size_of(o.type);
  // The range may begin inside a block.
  if (has_blocks(o.type)) distance += r.first_index % block_elements;
  o.extra = extra_at(o.type, o.extra, distance);
}

/// Cuts a range to its elements [begin, end). To store 8-bit slots, begin at a block.
inline void cut_to(step_range& r, std::size_t begin, std::size_t end) {
  move_forward(r.param, r, begin);
  move_forward(r.grad, r, begin);
  for (std::size_t s = 0; s < r.slot_count; ++s) {
    if ((r.line_slots >> s & 1) == 0) move_forward(r.slots[s], r, begin);
  }
  move_forward(r.copy, r, begin);
  move_forward(r.average, r, begin);
  move_forward(r.delta, r, begin);
  if (r.directions != nullptr) {
    const std::size_t size = r.param.type == dtype::float64 ? sizeof(double) : sizeof(float);
    r.directions = static_cast<char*>(r.directions) + begin * size;
  }
  r.count = end - begin;
  r.first_index += begin;
  r.offset += begin;
}

/// Whether one of the arrays has gaps between its rows.
inline bool is_pitched(const step_range& r) {
  std::size_t pitch = r.param.pitch | r.grad.pitch;
  for (std::size_t s = 0; s < r.slot_count; ++s) pitch |= r.slots[s].pitch;
  if (r.copy.data != nullptr) pitch |= r.copy.pitch;
  if (r.average.data != nullptr) pitch |= r.average.pitch;
  if (r.delta.data != nullptr) pitch |= r.delta.pitch;
  return pitch != 0;
}

/// The elements from the range's `at`-th one to the end of its row, or of the range.
inline std::size_t left_in_row(const step_range& r, std::size_t at) {
  const std::size_t left = r.count - at;
  const std::size_t in_row = r.columns - (r.offset + at) % r.columns;
  return in_row < left ? in_row : left;
}

/// Calls use(part) for the parts of a range that have no gaps.
template <class Use>
void for_each_gapless_part(const step_range& range, const Use& use) {
  for (std::size_t at = 0; at < range.count;) {
    const std::size_t count = left_in_row(range, at);
    step_range part = range;
    cut_to(part, at, at + count);
    use(part);
    at += count;
  }
}

}  // namespace
}  // namespace gradstep::internal
