// SPDX-License-Identifier: Apache-2.0
//
// Validation of an array that stands alone, as an argument of a call.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>

#include "capi/tensor_reading.hpp"

namespace gradstep::internal {

/// Checks an array of `count` elements: its dtype, its pitch, and that data and extra are there and
/// aligned. name: of the argument. columns: of the tensor that the array belongs to; 0: its rows
/// have no gaps. gaps: why, if they have none. array: may be NULL.
gradstep_status check_array_argument(const char* name, const gradstep_array* array,
                                     std::size_t count, std::size_t columns,
                                     const char* gaps) noexcept;

/// INVALID_ARGUMENT if `array`, the argument of that name, overlaps `other`. Both have `count`
/// elements.
gradstep_status check_is_apart(const char* name, const operand& array, const char* other_name,
                               const operand& other, std::size_t count,
                               std::size_t columns) noexcept;

/// columns: as above. Nothing is checked.
inline operand operand_of(const gradstep_array& array, std::size_t columns = 0) noexcept {
  const std::size_t pitch = columns == 0 ? 0 : pitch_of(array, columns);
  return {array.data, array.extra, static_cast<dtype>(array.dtype), false, false, pitch};
}

}  // namespace gradstep::internal
