// SPDX-License-Identifier: Apache-2.0
//
// A tensor as a step sees it: arrays as operands.
#pragma once

#include <cstdint>

#include "kernels/loops/step_kernel.hpp"

namespace gradstep::internal {

/// One tensor of a list. An absent array has data == nullptr. `extra` holds the scales of an 8-bit
/// slot, or the lower halves of a bfloat16 param. In a list, is_stochastic is false and random_key
/// is not looked at: both belong to a step, which sets them in its own copy before a kernel runs.
struct tensor : step_range {
  std::uint64_t key;  // of its random bits; 0 stands for 1 + the tensor's position in the list

  std::uint64_t whole_count;  // of the tensor that this one is a piece of; 0: it is no piece
  double* scalars;            // of the rule, with the scope of a tensor; null: it has none
  void* workspace;            // for the passes of a rule that has several
};

inline tensor_shape shape_of(const step_range& t) { return {t.count, t.rows, t.columns}; }

/// The type that a tensor with such a param is computed in.
inline dtype computed_type(dtype param_type) {
  return param_type == dtype::float64 ? dtype::float64 : dtype::float32;
}

/// The elements from an array's first one to its last one. With a pitch, those in gaps between rows
/// count too.
inline std::size_t elements_with_gaps(std::size_t count, std::size_t columns, std::size_t pitch) {
  if (pitch == 0 || count == 0) return count;
  return (count / columns - 1) * pitch + columns;
}

/// The slots that are present, as bits.
inline std::uint32_t given_slots(const tensor& t) {
  std::uint32_t given = 0;
  for (std::size_t s = 0; s < t.slot_count; ++s) {
    if (t.slots[s].data != nullptr) given |= 1U << s;
  }
  return given;
}

}  // namespace gradstep::internal
