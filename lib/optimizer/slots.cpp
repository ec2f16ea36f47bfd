// SPDX-License-Identifier: Apache-2.0
#include "optimizer/slots.hpp"

#include <algorithm>
#include <bit>
#include <new>

#include "base/failure.hpp"
#include "kernels/storage/slot_storage.hpp"

namespace gradstep::internal {

void plan_slots(const group_settings& group, tensor& t) {
  const rule_info& rule = *group.rule.entry->info;
  const dtype computed = computed_type(t.param.type);
  const bool is_free = computed == dtype::float32;
  const dtype wanted = is_free ? group.slot_dtype.value_or(computed) : computed;
  t.slot_count = rule.slot_count;
  for (std::size_t s = 0; s < rule.slot_count; ++s) {
    const dtype type = stored_slot_type(wanted, rule.slots[s].is_non_negative, t.count);
    t.slots[s] = {nullptr, nullptr, type, false};
    if (has_blocks(type) && t.first_index % block_elements != 0) {
      refuse(GRADSTEP_INVALID_ARGUMENT,
             "tensor.first_index = %llu is no multiple of 256, but the group's slot_dtype is "
             "8-bit, in blocks of so many",
             static_cast<unsigned long long>(t.first_index));
    }
  }
}

new_slots allocate_slots(const context& c, const rule_values& rule, std::uint32_t mask,
                         const tensor& t, std::uint32_t index) {
  new_slots added{.tensor = index, .mask = mask, .memory = {}, .slots = {}, .bytes = 0};
  std::copy_n(t.slots, max_slots, added.slots);
  // Below this limit, no sum of sizes can overflow.
  if (t.count > SIZE_MAX / (4 * max_slots * sizeof(double))) throw std::bad_alloc();
  std::size_t offsets[2 * max_slots] = {}, end = 0;
  for (std::size_t s = 0; s < max_slots; ++s) {
    if ((mask >> s & 1) == 0) continue;
    const std::size_t bytes = t.count * size_of(t.slots[s].type);
    const std::size_t scales = extra_size(t.slots[s].type, false, t.count);
    offsets[2 * s] = end;
    offsets[2 * s + 1] = end + aligned_size(bytes);
    end += aligned_size(bytes) + aligned_size(scales);
    added.bytes += bytes + scales;
  }
  added.memory = state_block(end);
  for (std::size_t s = 0; s < max_slots && end != 0; ++s) {
    if ((mask >> s & 1) == 0) continue;
    operand& slot = added.slots[s];
    slot.data = added.memory.data() + offsets[2 * s];
    if (has_blocks(slot.type)) slot.extra = added.memory.data() + offsets[2 * s + 1];
    fill_array(c, slot, t.count, initial_value(rule, rule.entry->info->slots[s]));
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
    const tensor& t = o.table.tensors[index];
    const std::uint32_t missing = used & ~given_slots(t);
    if (missing == 0 || t.count == 0) continue;
    if (!record.owns_slots) {
      refuse(GRADSTEP_INVALID_ARGUMENT,
             "the rule would use %s, which the caller's state of tensor %s lacks",
             rule.entry->info->slots[std::countr_zero(missing)].name, record.quoted_name().text);
    }
    all.push_back(allocate_slots(o.context, rule, missing, t, index));
    record.slot_memory.reserve(record.slot_memory.size() + 1);
  }
  return all;
}

void put_in_place(tensor_table& table, new_slots&& added) noexcept {
  for (std::size_t s = 0; s < max_slots; ++s) {
    if ((added.mask >> s & 1) == 0) continue;
    table.tensors[added.tensor].slots[s] = added.slots[s];
  }
  table.records[added.tensor].slot_memory.push_back(std::move(added.memory));
  table.state_bytes += added.bytes;
}

}  // namespace gradstep::internal
