// SPDX-License-Identifier: Apache-2.0
#include "optimizer/named_arrays.hpp"

namespace gradstep::internal {

array_names names_of(const optimizer& o, std::size_t tensor) noexcept {
  const group_record& group = o.groups[o.table.records[tensor].group];
  return {*group.settings.rule.entry->info};
}

named_array array_of(const optimizer& o, std::size_t tensor, std::size_t index) noexcept {
  const internal::tensor& t = o.table.tensors[tensor];
  const array_names names = names_of(o, tensor);
  const char* const name = names.at(index);
  if (index < names.rule.slot_count) {
    const operand& slot = t.slots[index];
    const std::size_t count = slot_elements(names.rule.slots[index].extent, shape_of(t));
    return {name, slot, count, slot.data != nullptr || t.count == 0};
  }
  switch (index - names.rule.slot_count) {
    case array_names::average:
      // While absent, it has no type of its own.
      return {name,
              {t.average.data, nullptr, computed_type(t.param.type), false, false, t.average.pitch},
              t.count,
              t.average.data != nullptr};
    case array_names::accumulated_grad: {
      const bool has_sum = o.table.records[tensor].has_sum();
      operand sum = o.table.sum(tensor);
      if (!has_sum) sum.data = nullptr;
      return {name, sum, t.count, has_sum};
    }
    default:
      return {name, t.param, t.count, true};
  }
}

}  // namespace gradstep::internal
