// SPDX-License-Identifier: Apache-2.0
//
// What a kernel is handed: a tensor of the caller's list as operands.
#pragma once

#include <cstdint>

#include "kernels/loops/step_kernel.hpp"
#include "step/step.hpp"

namespace gradstep::internal {

/// The type that a tensor is computed in.
inline dtype computed_type(std::int32_t param_dtype) {
  return param_dtype == GRADSTEP_FLOAT64 ? dtype::float64 : dtype::float32;
}

inline dtype slot_type(const gradstep_tensor& tensor, std::size_t slot) {
  if (tensor.slot_dtypes == nullptr) return computed_type(tensor.param_dtype);
  return static_cast<dtype>(tensor.slot_dtypes[slot]);
}

inline operand gradient_of(const gradstep_tensor& tensor) {
  return {tensor.grad, nullptr, static_cast<dtype>(tensor.grad_dtype), false};
}

/// Makes `range` elements [begin, end) of the index-th tensor of the list; begin is a multiple of a
/// block where there are 8-bit slots. used_slots: of the request's rule with its values. Of an
/// array that is not there only the pointer is set; the rest stays as the range was made.
void set_range(const step_request& request, std::uint32_t used_slots, std::size_t index,
               std::size_t begin, std::size_t end, step_range& range);

}  // namespace gradstep::internal
