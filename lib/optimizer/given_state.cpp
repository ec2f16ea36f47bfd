// SPDX-License-Identifier: Apache-2.0
#include "optimizer/given_state.hpp"

#include <mutex>

#include "optimizer/named_arrays.hpp"
#include "optimizer/rule_state.hpp"
#include "step/array_conversion.hpp"

namespace gradstep::internal {
namespace {

/// Slots of rows, columns, matrices and tensors have no gaps, and a shape of their own.
void convert(const optimizer& o, std::size_t tensor, const named_array& array, const operand& from,
             const operand& to) noexcept {
  const tensor_shape shape = shape_of(o.table.tensors[tensor]);
  const bool is_per_element = array.count == shape.count;
  convert_array(o.context, from, to, is_per_element ? shape : tensor_shape{array.count, 0, 0});
}

}  // namespace

void set_step_count(optimizer& o, std::uint64_t count) noexcept {
  const std::lock_guard held(o.gate);
  o.step_count = count;
}

void set_tensor_step_count(optimizer& o, std::size_t tensor, std::uint64_t count) noexcept {
  const std::lock_guard held(o.gate);
  for_each_tensor(o, [&](std::size_t i) {
    if (tensor != all_tensors && tensor != i) return;
    tensor_record& record = o.table.records[i];
    const group_settings& settings = o.groups[record.group].settings;
    record.step_count = count;
    record.used_slots =
        count == 0 ? 0 : record.used_slots | settings.used_slots(shape_of(o.table.tensors[i]));
  });
}

void set_scalar(optimizer& o, std::size_t tensor, std::size_t index, double value) noexcept {
  const rule_values& rule = o.groups[o.table.records[tensor].group].settings.rule;
  const rule_info& info = *rule.entry->info;
  const std::size_t place = place_in_scope(info, index);
  const std::lock_guard held(o.gate);
  if (info.scalars[index].scope == scalar_scope::tensor) {
    o.table.tensors[tensor].scalars[place] = value;
    return;
  }
  shared_scalars& shared = *find_shared(o.shared_scalars, *rule.entry);
  if (!shared.is_used) set_initial_scalars(rule, scalar_scope::all, shared.values);
  shared.is_used = true;
  shared.values[place] = value;
}

void export_array(const optimizer& o, std::size_t tensor, std::size_t index,
                  const operand& to) noexcept {
  const named_array array = array_of(o, tensor, index);
  convert(o, tensor, array, array.array, to);
}

void import_array(optimizer& o, std::size_t tensor, std::size_t index,
                  const operand& from) noexcept {
  const named_array array = array_of(o, tensor, index);
  convert(o, tensor, array, from, array.array);
  const array_names names = names_of(o, tensor);
  tensor_record& record = o.table.records[tensor];
  const std::lock_guard held(o.gate);
  if (index < names.rule.slot_count) record.used_slots |= 1U << index;
  if (index == names.index_of(array_names::accumulated_grad)) record.inspected.reset();
}

}  // namespace gradstep::internal
