// SPDX-License-Identifier: Apache-2.0
//
// How a slot is stored if the library chooses.
#pragma once

#include <cstddef>

#include "kernels/storage/operand.hpp"
#include "rules/rule.hpp"

namespace gradstep::internal {

/// The dtype of a slot if `wanted` is wanted for the tensor's slots, which is computed in
/// `computed`. Beside float64 params, every slot is float64. Slots that are not per element are
/// small: they have the type of the arithmetic. If an 8-bit dtype is wanted: the one that suits the
/// slot, or float32 for a small tensor, where scales and the loop over blocks would cost more than
/// the saved bytes are worth, and for a slot that starts as the param, whose numbers would lose
/// what distinguishes them. Other dtypes stay as wanted.
inline dtype stored_slot_type(const slot& s, dtype wanted, dtype computed, std::size_t count) {
  constexpr std::size_t fewest_for_8bit = 4096;
  if (computed == dtype::float64 || s.extent != slot_extent::element) return computed;
  if (!has_blocks(wanted)) return wanted;
  if (count < fewest_for_8bit || s.start == slot_start::param) return dtype::float32;
  return s.is_non_negative ? dtype::unsigned8 : dtype::signed8;
}

}  // namespace gradstep::internal
