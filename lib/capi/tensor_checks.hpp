// SPDX-License-Identifier: Apache-2.0
//
// Validation of a caller's list of tensors. Nothing is allocated: this is part of every step.
#pragma once

#include "handles.hpp"
#include "structs.hpp"

namespace gradstep::internal {

/// For a step of the rule: struct sizes, dtypes, counts, null, misaligned and overlapping arrays.
gradstep_status check_tensors(const gradstep_rule& rule, const gradstep_tensor* tensors,
                              std::size_t tensor_count) noexcept;

/// For the norm: of each tensor only count, grad and grad_dtype.
gradstep_status check_gradients(const gradstep_tensor* tensors, std::size_t tensor_count) noexcept;

}  // namespace gradstep::internal
