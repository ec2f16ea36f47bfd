// SPDX-License-Identifier: Apache-2.0
//
// How a slot is stored if the library chooses.
#pragma once

#include <cstddef>

#include "kernels/storage/operand.hpp"

namespace gradstep::internal {

/// If an 8-bit dtype is wanted: the one that suits the slot, or float32 for a small tensor, where
/// scales and the loop over blocks would cost more than the saved bytes are worth. Other dtypes
/// stay as wanted.
inline dtype stored_slot_type(dtype wanted, bool is_non_negative, std::size_t count) {
  constexpr std::size_t fewest_for_8bit = 4096;
  if (!has_blocks(wanted)) return wanted;
  if (count < fewest_for_8bit) return dtype::float32;
  return is_non_negative ? dtype::unsigned8 : dtype::signed8;
}

}  // namespace gradstep::internal
