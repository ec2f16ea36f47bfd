// SPDX-License-Identifier: Apache-2.0
#include "optimizer/slots.hpp"

#include <bit>
#include <new>

#include "base/failure.hpp"
#include "kernels/storage/slot_storage.hpp"
#include "step/tensor_arrays.hpp"

namespace gradstep::internal {

void plan_slots(const group_settings& group, const gradstep_tensor& tensor, slot_arrays& slots) {
  const rule_info& rule = *group.rule.entry->info;
  const dtype computed = computed_type(tensor.param_dtype);
  const bool is_free = computed == dtype::float32 && group.slot_dtype != 0;
  const dtype wanted = is_free ? static_cast<dtype>(group.slot_dtype) : computed;
  for (std::size_t s = 0; s < rule.slot_count; ++s) {
    const dtype type = stored_slot_type(wanted, rule.slots[s].is_non_negative, tensor.count);
    slots.dtypes[s] = static_cast<std::int32_t>(type);
    if (has_blocks(type) && tensor.first_index % block_elements != 0) {
      refuse(GRADSTEP_INVALID_ARGUMENT,
             "tensor.first_index = %llu is no multiple of 256, but the group's slot_dtype is "
             "8-bit, in blocks of so many",
             static_cast<unsigned long long>(tensor.first_index));
    }
  }
}

new_slots allocate_slots(const context& c, const rule_values& rule, std::uint32_t mask,
                         const gradstep_tensor& tensor, const slot_arrays& planned) {
  new_slots added{.tensor = 0, .mask = mask, .memory = {}, .arrays = planned, .bytes = 0};
  const std::size_t count = tensor.count;
  // Below this limit, no sum of sizes can overflow.
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
    fill_array(c, array, count, initial_value(rule, rule.entry->info->slots[s]));
  }
  return added;
}

std::vector<new_slots> allocate_missing_slots(optimizer& o, const group_record& group,
                                              const group_settings& settings) {
  const rule_values& rule = settings.rule;
  const std::uint32_t used = settings.used_slots();
  std::vector<new_slots> all;
  for (const std::uint32_t index : group.members) {
    tensor_record& record = o.table.records[index];
    const gradstep_tensor& tensor = o.table.tensors[index];
    const std::uint32_t missing = used & ~given_slots(*rule.entry->info, tensor);
    if (missing == 0 || tensor.count == 0) continue;
    if (!record.owns_slots) {
      refuse(GRADSTEP_INVALID_ARGUMENT,
             "the rule would use %s, which the caller's state of tensor %s lacks",
             rule.entry->info->slots[std::countr_zero(missing)].name, record.quoted_name().text);
    }
    all.push_back(allocate_slots(o.context, rule, missing, tensor, *record.slots));
    all.back().tensor = index;
    record.slot_memory.reserve(record.slot_memory.size() + 1);
  }
  return all;
}

void put_in_place(tensor_table& table, new_slots&& added) noexcept {
  tensor_record& record = table.records[added.tensor];
  for (std::size_t s = 0; s < max_slots; ++s) {
    if ((added.mask >> s & 1) == 0) continue;
    record.slots->data[s] = added.arrays.data[s];
    record.slots->scales[s] = added.arrays.scales[s];
  }
  record.slot_memory.push_back(std::move(added.memory));
  table.state_bytes += added.bytes;
}

}  // namespace gradstep::internal
