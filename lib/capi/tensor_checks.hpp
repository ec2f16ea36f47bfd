// SPDX-License-Identifier: Apache-2.0
//
// Validation of a caller's tensors. It is part of every step, so it allocates nothing and returns
// statuses instead of throwing.
#pragma once

#include "capi/handles.hpp"
#include "capi/structs.hpp"
#include "capi/tensor_array_checks.hpp"

namespace gradstep::internal {

/// Checks a list for a step of the rule: struct sizes, dtypes, counts, and null, misaligned or
/// overlapping arrays.
gradstep_status check_tensors(const gradstep_rule& rule, const gradstep_tensor* tensors,
                              std::size_t tensor_count) noexcept;

/// The same for a transform, which reads no gradient.
gradstep_status check_tensors_without_grad(const gradstep_rule& rule,
                                           const gradstep_tensor* tensors,
                                           std::size_t tensor_count) noexcept;

/// Checks a list of which only struct sizes, counts and shapes are used.
gradstep_status check_shapes(const gradstep_tensor* tensors, std::size_t tensor_count) noexcept;

/// Checks a tensor for a group of an optimizer whose rule uses these slots. The struct has our
/// size. `grad` may be null. `slots` may be null: the library then owns them. A slot that the
/// caller gives is checked even if the rule does not use it, because it may later.
gradstep_status check_added_tensor(const rule_entry& rule, std::uint32_t used_slots,
                                   const gradstep_tensor& tensor, tensor_label label) noexcept;

/// Checks a list for the norm of its gradients: of each tensor only count, grad and grad_dtype.
gradstep_status check_gradients(const gradstep_tensor* tensors, std::size_t tensor_count) noexcept;

}  // namespace gradstep::internal
