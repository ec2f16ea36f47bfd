// SPDX-License-Identifier: Apache-2.0
//
// The state that an optimizer owns: slots, in one block for each tensor, at their initial values.
// All arrays of a tensor by name.
#include <bit>
#include <new>
#include <string>

#include "base/failure.hpp"
#include "base/text.hpp"
#include "kernels/storage/slot_storage.hpp"
#include "optimizer/optimizer.hpp"
#include "step/tensor_arrays.hpp"

namespace gradstep::internal {

void optimizer::plan_slots(const group_settings& group, const gradstep_tensor& tensor,
                           slot_arrays& slots) const {
  const rule_info& rule = *group.rule.entry->info;
  const dtype computed = computed_type(tensor.param_dtype);
  const bool is_free = computed == dtype::float32 && group.slot_dtype != 0;
  const dtype wanted = is_free ? static_cast<dtype>(group.slot_dtype) : computed;
  for (std::size_t s = 0; s < rule.slot_count; ++s) {
    const dtype type = stored_slot_type(wanted, rule.slots[s].is_non_negative, tensor.count);
    slots.dtypes[s] = static_cast<std::int32_t>(type);
    if (has_blocks(type) && tensor.first_index % block_elements != 0) {
      throw failure(GRADSTEP_INVALID_ARGUMENT,
                    "tensor.first_index = " + std::to_string(tensor.first_index) +
                        " is no multiple of 256, but the group's slot_dtype is 8-bit, in blocks "
                        "of so many");
    }
  }
}

optimizer::new_slots optimizer::allocate_slots(const rule_values& rule, std::uint32_t mask,
                                               const gradstep_tensor& tensor,
                                               const slot_arrays& planned) const {
  new_slots added{.tensor = 0, .mask = mask, .memory = {}, .arrays = planned, .bytes = 0};
  const std::size_t count = tensor.count;
  // No sum of sizes below can overflow then.
  if (count > SIZE_MAX / (4 * max_slots * sizeof(double))) throw std::bad_alloc();
  std::size_t offsets[2 * max_slots] = {}, end = 0;
  for (std::size_t s = 0; s < max_slots; ++s) {
    if ((mask >> s & 1) == 0) continue;
    const auto type = static_cast<dtype>(planned.dtypes[s]);
    const std::size_t bytes = count * size_of(type);
    const std::size_t scales = extra_size(type, false, count);
    offsets[2 * s] = end;
    offsets[2 * s + 1] = end + aligned_size(bytes);
    end += aligned_size(bytes) + aligned_size(scales);
    added.bytes += bytes + scales;
  }
  added.memory = state_block(end);
  for (std::size_t s = 0; s < max_slots && end != 0; ++s) {
    if ((mask >> s & 1) == 0) continue;
    const auto type = static_cast<dtype>(planned.dtypes[s]);
    std::byte* memory = added.memory.data();
    added.arrays.data[s] = memory + offsets[2 * s];
    if (has_blocks(type)) {
      added.arrays.scales[s] = reinterpret_cast<float*>(memory + offsets[2 * s + 1]);
    }
    const operand array{added.arrays.data[s], added.arrays.scales[s], type, false};
    fill_array(context_, array, count, initial_value(rule, rule.entry->info->slots[s]));
  }
  return added;
}

void optimizer::put_in_place(new_slots&& added) noexcept {
  tensor_record& record = records_[added.tensor];
  for (std::size_t s = 0; s < max_slots; ++s) {
    if ((added.mask >> s & 1) == 0) continue;
    record.slots->data[s] = added.arrays.data[s];
    record.slots->scales[s] = added.arrays.scales[s];
  }
  record.state.push_back(std::move(added.memory));
  state_bytes_ += added.bytes;
}

/// For every tensor of the group, the slots that it lacks among those used. Nothing is in place
/// yet.
std::vector<optimizer::new_slots> optimizer::allocate_missing_slots(
    const group_record& group, const group_settings& settings) {
  const rule_values& rule = settings.rule;
  const std::uint32_t used = settings.used_slots();
  std::vector<new_slots> all;
  for (const std::uint32_t index : group.members) {
    tensor_record& record = records_[index];
    const gradstep_tensor& tensor = tensors_[index];
    const std::uint32_t missing = used & ~given_slots(*rule.entry->info, tensor);
    if (missing == 0 || tensor.count == 0) continue;
    if (!record.owns_slots) {
      const char* slot = rule.entry->info->slots[std::countr_zero(missing)].name;
      throw failure(GRADSTEP_INVALID_ARGUMENT, std::string("the rule would use ") + slot +
                                                   ", which the caller's state of " + "tensor " +
                                                   quoted(record.name.get()).text + " lacks");
    }
    all.push_back(allocate_slots(rule, missing, tensor, *record.slots));
    all.back().tensor = index;
    record.state.reserve(record.state.size() + 1);
  }
  return all;
}

array_names optimizer::names_of(std::size_t tensor) const noexcept {
  return {*groups_[records_[tensor].group].settings.rule.entry->info};
}

named_array optimizer::array(std::size_t tensor, std::size_t index) const noexcept {
  const gradstep_tensor& t = tensors_[tensor];
  const array_names names = names_of(tensor);
  const char* const name = names.at(index);
  const dtype computed = computed_type(t.param_dtype);
  if (index < names.rule.slot_count) {
    const operand slot{t.slots[index], t.slot_scales[index], slot_type(t, index), false};
    return {name, slot, slot.data != nullptr || t.count == 0};
  }
  switch (index - names.rule.slot_count) {
    case 0:
      return {name, {t.average, nullptr, computed, false}, t.average != nullptr};
    case 1: {
      void* const sum = has_sum(tensor) ? records_[tensor].sum_memory.data() : nullptr;
      return {name, {sum, nullptr, computed, false}, has_sum(tensor)};
    }
    default:
      return {name, {t.param, t.param_low, static_cast<dtype>(t.param_dtype), false}, true};
  }
}

}  // namespace gradstep::internal
