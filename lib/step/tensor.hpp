// SPDX-License-Identifier: Apache-2.0
//
// A tensor as a step sees it: arrays as operands.
#pragma once

#include <cstdint>

#include "kernels/kernel_table.hpp"

namespace gradstep::internal {

/// One tensor of a list. An absent array has data == nullptr. `extra` holds the scales of an 8-bit
/// slot, or the lower halves of a bfloat16 param. In a list, is_stochastic is false and random_key
/// is not looked at: both belong to a step, which sets them in its own copy before a kernel runs.
struct tensor : step_range {
  std::uint64_t key;  // of its random bits; 0 stands for 1 + the tensor's position in the list
};

/// The type that a tensor with such a param is computed in.
inline dtype computed_type(dtype param_type) {
  return param_type == dtype::float64 ? dtype::float64 : dtype::float32;
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
