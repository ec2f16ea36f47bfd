// SPDX-License-Identifier: Apache-2.0
//
// What the calls on an optimizer share: one at a time, in their order, with indices that exist.
#pragma once

#include "handles.hpp"
#include "structs.hpp"

namespace gradstep::internal {

/// Keeps an optimizer for one call.
class busy_guard {
 public:
  explicit busy_guard(std::atomic<bool>& is_busy)
      : is_busy_(is_busy), has_it_(!is_busy.exchange(true, std::memory_order_acquire)) {}
  busy_guard(const busy_guard&) = delete;
  busy_guard& operator=(const busy_guard&) = delete;
  ~busy_guard() {
    if (has_it_) is_busy_.store(false, std::memory_order_release);
  }
  bool has_it() const { return has_it_; }

 private:
  std::atomic<bool>& is_busy_;
  bool has_it_;
};

/// Calls body(the optimizer), which returns a status, unless another call is using it.
template <class Handle, class Body>
gradstep_status use(Handle* handle, const Body& body) noexcept {
  if (handle == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "optimizer is NULL");
  const busy_guard guard(handle->is_busy);
  if (!guard.has_it()) {
    return fail(GRADSTEP_BUSY, "another call is using the optimizer: one at a time");
  }
  return guarded([&] { return body(handle->value); });
}

/// The same, but not between begin_step and end_step.
template <class Handle, class Body>
gradstep_status use_between_steps(Handle* handle, const Body& body) noexcept {
  return use(handle, [&](auto& optimizer) {
    if (!optimizer.is_in_step()) return body(optimizer);
    return fail(GRADSTEP_WRONG_ORDER,
                "the optimizer is inside a step: gradstep_optimizer_end_step comes first");
  });
}

inline gradstep_status check_group(const optimizer& o, std::size_t group) noexcept {
  if (group < o.groups().size()) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "group = %zu is past the end: the optimizer has %zu groups",
              group, o.groups().size());
}

inline gradstep_status check_tensor_index(const optimizer& o, std::size_t tensor) noexcept {
  if (tensor < o.records().size()) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "tensor = %zu is past the end: the optimizer has %zu tensors",
              tensor, o.records().size());
}

}  // namespace gradstep::internal
