// SPDX-License-Identifier: Apache-2.0
//
// The gradients of an optimizer's tensors: which array holds them, how they are scaled, and reading
// passes that callers ask for ahead of a step.
#pragma once

#include <span>

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

// ---- Calls. use::tensor; all_tensors: use::all --------------------------------------------------

/// Sets the caller's gradient array: aligned, and of the same dtype as before; nullptr: none. It
/// may overlap another gradient until one of the two is read.
void set_grad(optimizer& o, std::size_t tensor, void* grad);

/// The same for the tensors from `first` on, which then overlap no gradient. use::all.
void set_grads(optimizer& o, std::size_t first, std::span<void* const> grads);

/// Reads the gradients for their norm and for elements that are not finite. The results are kept
/// for the next step. all_tensors: reads those that were not inspected with this scale.
void inspect(optimizer& o, std::size_t tensor, double grad_scale);

// ---- Parts of calls -----------------------------------------------------------------------------

/// Whether the tensor takes part in a step: it is not frozen and has a gradient.
inline bool takes_part(const tensor_table& table, std::size_t tensor) noexcept {
  const tensor_record& record = table.records[tensor];
  const internal::tensor& t = table.tensors[tensor];
  if (record.is_frozen) return false;
  return t.grad.data != nullptr || (t.count == 0 && record.has_sum());
}

/// Lists in o.lists.selected the tensors for which is_selected(index) is true.
template <class Condition>
void select_tensors(optimizer& o, const Condition& is_selected) {
  o.lists.selected.clear();
  for (const std::uint32_t i : o.table.present) {
    if (is_selected(i)) o.lists.selected.push_back(i);
  }
}

/// Makes the next step read the tensor's gradient: the sum if there is one, else the caller's
/// array.
void place_gradient(tensor_table& table, std::size_t index) noexcept;

/// Reads these tensors' gradients and keeps what was found. sums: one element per tensor, to work
/// with.
void inspect_these(optimizer& o, std::span<const std::uint32_t> tensors, std::span<norm_sum> sums,
                   double scale) noexcept;

/// The gradients' scale: the caller's, divided by the loss scale if there is a loss scaler. Throws
/// failure (OUT_OF_RANGE) if it is not finite.
double total_scale(const optimizer& o, double grad_scale);

/// Throws failure (OUT_OF_RANGE) if the count has reached most_counted. record: the tensor that has
/// the count; nullptr: the optimizer has it. name: with its article, "a step_count".
void check_count(const tensor_record* record, const char* name, std::uint64_t count);

/// Checks that the tensor was not stepped in the open step. Throws failure (WRONG_ORDER).
void check_not_stepped(const tensor_table& table, std::size_t tensor);

}  // namespace gradstep::internal
