// SPDX-License-Identifier: Apache-2.0
//
// One array of a tensor and how it is stored.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/storage/dtype.hpp"

namespace gradstep::internal {

/// Elements that share one scale of an 8-bit dtype, and one key of random bits.
inline constexpr std::size_t block_elements = 256;

struct operand {
  void* data;   // null: the tensor has no such array
  void* extra;  // as the dtype's extra_kind says; null for none, and for bfloat16 without lower
                // halves
  dtype type;
  bool is_stochastic;        // stores round at random; else to nearest
  bool is_repeated = false;  // one number stands for every element; of line slots in kernels alone
  std::size_t pitch = 0;     // elements from the start of one row to the next; 0: no gaps
};

namespace {

/// The number of scales of an 8-bit array: ceil(elements / block_elements).
constexpr std::size_t scale_count(std::size_t elements) {
  return elements / block_elements + (elements % block_elements != 0);
}

/// The bytes of `extra` beside so many elements: scales, lower halves (if has_low), or 0.
constexpr std::size_t extra_size(dtype type, bool has_low, std::size_t elements) {
  if (has_blocks(type)) return scale_count(elements) * sizeof(float);
  return has_low ? elements * sizeof(std::uint16_t) : 0;
}

/// The `extra` of the operand that begins at the index-th element of this one.
inline void* extra_at(dtype type, void* extra, std::size_t index) {
  if (extra == nullptr) return nullptr;
  if (has_blocks(type)) return static_cast<float*>(extra) + index / block_elements;
  return static_cast<std::uint16_t*>(extra) + index;
}

/// Whether the array is of bfloat16 with lower halves.
inline bool has_lower_halves(const operand& o) { return o.extra != nullptr && !has_blocks(o.type); }

/// The operand from its index-th element on. 8-bit dtypes: that element is in the first block, or
/// begins a block.
inline operand operator+(operand o, std::size_t index) {
  if (o.data != nullptr) o.data = static_cast<char*>(o.data) + index * size_of(o.type);
  o.extra = extra_at(o.type, o.extra, index);
  return o;
}

}  // namespace
}  // namespace gradstep::internal
