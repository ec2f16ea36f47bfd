// SPDX-License-Identifier: Apache-2.0
#include "optimizer/named_arrays.hpp"

#include "step/tensor_arrays.hpp"

namespace gradstep::internal {

array_names names_of(const optimizer& o, std::size_t tensor) noexcept {
  const group_record& group = o.groups[o.table.records[tensor].group];
  return {*group.settings.rule.entry->info};
}

named_array array_of(const optimizer& o, std::size_t tensor, std::size_t index) noexcept {
  const gradstep_tensor& t = o.table.tensors[tensor];
  const tensor_record& record = o.table.records[tensor];
  const array_names names = names_of(o, tensor);
  const char* const name = names.at(index);
  const dtype computed = computed_type(t.param_dtype);
  if (index < names.rule.slot_count) {
    const operand slot{t.slots[index], t.slot_scales[index], slot_type(t, index), false};
    return {name, slot, slot.data != nullptr || t.count == 0};
  }
  switch (index - names.rule.slot_count) {
    case array_names::average:
      return {name, {t.average, nullptr, computed, false}, t.average != nullptr};
    case array_names::accumulated_grad: {
      void* const sum = record.has_sum() ? record.sum_memory.data() : nullptr;
      return {name, {sum, nullptr, computed, false}, record.has_sum()};
    }
    default:
      return {name, {t.param, t.param_low, static_cast<dtype>(t.param_dtype), false}, true};
  }
}

}  // namespace gradstep::internal
