// SPDX-License-Identifier: Apache-2.0
//
// What the calls on an optimizer share: how they enter it, the order of calls, checks of indices.
#pragma once

#include <mutex>

#include "capi/handles.hpp"
#include "capi/structs.hpp"

namespace gradstep::internal {

inline gradstep_status fail_as_inherited() noexcept {
  return fail(GRADSTEP_BUSY,
              "a call on the optimizer was running in another thread when this process was forked: "
              "the child's copy is half changed, and only gradstep_optimizer_destroy may follow");
}

inline gradstep_status check_between_steps(const optimizer& o) noexcept {
  if (!o.step.awaits_tensors) return GRADSTEP_OK;
  return fail(GRADSTEP_WRONG_ORDER,
              "the optimizer is inside a step: gradstep_optimizer_end_step comes first");
}

/// Calls body(the optimizer), which returns a status and only looks at names, counts and settings.
/// It waits for no other call.
template <class Body>
gradstep_status look(const gradstep_optimizer* handle, const Body& body) noexcept {
  if (handle == nullptr) return fail_as_null("optimizer");
  const optimizer& o = handle->value;
  const std::lock_guard held(o.gate);
  if (o.gate.is_inherited()) return fail_as_inherited();
  return guarded([&] { return body(o); });
}

/// The same; refused between begin_step and end_step.
template <class Body>
gradstep_status look_between_steps(const gradstep_optimizer* handle, const Body& body) noexcept {
  return look(handle, [&](const optimizer& o) {
    if (const auto s = check_between_steps(o); s != GRADSTEP_OK) return s;
    return body(o);
  });
}

/// Calls body(the optimizer), which returns a status, when the earlier calls that exclude this one
/// have ended. Handle: gradstep_optimizer, or the same const.
template <class Handle, class Body>
gradstep_status use(Handle* handle, call_gate::call call, const Body& body) noexcept {
  call_gate& gate = handle->value.gate;
  switch (gate.enter(call)) {
    case call_gate::entry::nested:
      return fail(GRADSTEP_BUSY,
                  "this thread is inside another call on the optimizer, which has to return first");
    case call_gate::entry::inherited:
      return fail_as_inherited();
    case call_gate::entry::made:
      break;
  }
  const auto status = guarded([&] { return body(handle->value); });
  gate.leave(call);
  return status;
}

/// For a call that runs alone.
template <class Body>
gradstep_status change(gradstep_optimizer* handle, const Body& body) noexcept {
  if (handle == nullptr) return fail_as_null("optimizer");
  return use(handle, call_gate::call(call_gate::use::all), body);
}

/// The same; refused between begin_step and end_step.
template <class Body>
gradstep_status change_between_steps(gradstep_optimizer* handle, const Body& body) noexcept {
  return change(handle, [&](optimizer& o) {
    if (const auto s = check_between_steps(o); s != GRADSTEP_OK) return s;
    return body(o);
  });
}

/// For a call that reads the optimizer with its arrays; refused between begin_step and end_step.
template <class Body>
gradstep_status save_between_steps(const gradstep_optimizer* handle, const Body& body) noexcept {
  if (handle == nullptr) return fail_as_null("optimizer");
  return use(handle, call_gate::call(call_gate::use::save), [&](const optimizer& o) {
    if (const auto s = check_between_steps(o); s != GRADSTEP_OK) return s;
    return body(o);
  });
}

/// For a call that changes one tensor, beside calls that change others. all_tensors: runs alone.
template <class Body>
gradstep_status change_tensor(gradstep_optimizer* handle, std::size_t tensor,
                              const Body& body) noexcept {
  if (tensor == all_tensors) return change(handle, body);
  if (handle == nullptr) return fail_as_null("optimizer");
  return use(handle, call_gate::call(call_gate::use::tensor, tensor), body);
}

inline gradstep_status check_group(const optimizer& o, std::size_t group) noexcept {
  if (group < o.groups.size()) {
    if (!o.groups[group].is_removed) return GRADSTEP_OK;
    return fail(GRADSTEP_OUT_OF_RANGE, "group = %zu was removed", group);
  }
  return fail(GRADSTEP_OUT_OF_RANGE,
              "group = %zu is past the end: the optimizer has had %zu groups", group,
              o.groups.size());
}

/// count may be 0.
inline gradstep_status check_tensor_range(const optimizer& o, std::size_t first,
                                          std::size_t count) noexcept {
  const std::size_t size = o.table.size();
  if (first <= size && count <= size - first) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE,
              "first = %zu and count = %zu are past the end: the optimizer has had %zu tensors",
              first, count, size);
}

inline gradstep_status check_tensor_index(const optimizer& o, std::size_t tensor) noexcept {
  if (tensor < o.table.size()) {
    if (!o.table.records[tensor].is_removed) return GRADSTEP_OK;
    return fail(GRADSTEP_OUT_OF_RANGE, "tensor = %zu was removed", tensor);
  }
  return fail(GRADSTEP_OUT_OF_RANGE,
              "tensor = %zu is past the end: the optimizer has had %zu tensors", tensor,
              o.table.size());
}

inline gradstep_status check_tensor_or_all(const optimizer& o, std::size_t tensor) noexcept {
  return tensor == all_tensors ? GRADSTEP_OK : check_tensor_index(o, tensor);
}

}  // namespace gradstep::internal
