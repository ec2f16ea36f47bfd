// SPDX-License-Identifier: Apache-2.0
#include "optimizer/overlaps.hpp"

#include <mutex>

#include "base/failure.hpp"
#include "step/tensor_arrays.hpp"

namespace gradstep::internal {

array_registry::additions check_new_arrays(const tensor_table& table, const rule_info& rule,
                                           const tensor& t) {
  array_registry::additions added;
  if (t.count == 0) return added;  // its pointers may have any value
  const auto add = [&](const void* data, const char* name, std::size_t size, std::size_t count,
                       presence wanted, std::size_t) {
    if (data == nullptr) return;
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    const std::uintptr_t end = begin + size * count;
    const auto* other = table.caller_arrays.find_overlap(begin, end);
    if (other == nullptr) other = table.caller_arrays.find_grad_overlap(begin, end);
    if (other != nullptr) {
      refuse(GRADSTEP_INVALID_ARGUMENT, "tensor.%s overlaps %s of tensor %s", name, other->name,
             table.records[other->tensor].quoted_name().text);
    }
    const std::size_t index = table.size();
    if (wanted == presence::gradient) {
      added.grads.insert({{begin, index}, {end, index, name}});
    } else {
      added.arrays.insert({begin, {end, index, name}});
    }
  };
  for_each_array(rule, given_slots(t), tensor_arrays(t), add);
  const std::size_t scalars = scalar_count(rule, scalar_scope::tensor);
  add(t.scalars, "scalars", sizeof(double), scalars, presence::optional, 0);
  return added;
}

void check_new_grad(const tensor_table& table, std::uintptr_t begin, std::size_t bytes) {
  const auto* other = table.caller_arrays.find_overlap(begin, begin + bytes);
  if (other == nullptr) return;
  refuse(GRADSTEP_INVALID_ARGUMENT, "grad overlaps %s of tensor %s", other->name,
         table.records[other->tensor].quoted_name().text);
}

void check_grads_apart(const optimizer& o, std::size_t tensor) {
  const std::lock_guard held(o.gate);
  const array_registry& arrays = o.table.caller_arrays;
  if (!arrays.has_overlapping_grads()) return;
  const auto pair =
      tensor == all_tensors ? arrays.overlapping_grads() : arrays.overlapping_grads(tensor);
  if (!pair) return;
  refuse(GRADSTEP_INVALID_ARGUMENT,
         "the gradients of tensors %s and %s overlap: gradstep_optimizer_set_grad has to part them "
         "first",
         o.table.records[pair->first].quoted_name().text,
         o.table.records[pair->second].quoted_name().text);
}

}  // namespace gradstep::internal
