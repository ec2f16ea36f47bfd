// SPDX-License-Identifier: Apache-2.0
//
// Validation of a caller's list of tensors. Nothing is allocated: this is part of every step.
#pragma once

#include "capi/handles.hpp"
#include "capi/structs.hpp"

namespace gradstep::internal {

/// For a step of the rule: struct sizes, dtypes, counts, null, misaligned and overlapping arrays.
gradstep_status check_tensors(const gradstep_rule& rule, const gradstep_tensor* tensors,
                              std::size_t tensor_count) noexcept;

/// For an optimizer's group, whose rule uses these slots. The struct is of our size; its grad may
/// be null, and its slots, which are the library's then. A slot that the caller gave is checked
/// whether the rule uses it or not: it may later.
gradstep_status check_added_tensor(const rule_info& rule, std::uint32_t used_slots,
                                   const gradstep_tensor& tensor) noexcept;

/// For the norm: of each tensor only count, grad and grad_dtype.
gradstep_status check_gradients(const gradstep_tensor* tensors, std::size_t tensor_count) noexcept;

}  // namespace gradstep::internal
