// SPDX-License-Identifier: Apache-2.0
#include "optimizer/slots.hpp"

#include <algorithm>
#include <bit>
#include <new>

#include "base/failure.hpp"
#include "kernels/storage/slot_storage.hpp"
#include "step/array_conversion.hpp"

namespace gradstep::internal {
namespace {

/// Whether there are gaps between the rows of an array that is not a slot.
bool has_gaps(const tensor& t) {
  const std::size_t pitches =
      t.param.pitch | t.grad.pitch | t.copy.pitch | t.average.pitch | t.delta.pitch;
  return pitches != 0;
}

}  // namespace

void plan_slots(const group_settings& group, tensor& t) noexcept {
  const rule_info& rule = *group.rule.entry->info;
  const dtype computed = computed_type(t.param.type);
  const dtype wanted = group.slot_dtype.value_or(computed);
  t.slot_count = rule.slot_count;
  for (std::size_t s = 0; s < rule.slot_count; ++s) {
    const dtype type = stored_slot_type(rule.slots[s], wanted, computed, t.count);
    t.slots[s] = {nullptr, nullptr, type, false};
  }
}

void check_blocks(const rule_info& rule, const tensor& t, const char* argument) {
  for (std::size_t s = 0; s < t.slot_count; ++s) {
    if (!has_blocks(t.slots[s].type)) continue;
    if (t.first_index % block_elements != 0) {
      refuse(GRADSTEP_INVALID_ARGUMENT,
             "%s.first_index = %llu is no multiple of 256, but the dtype of %s, which the group's "
             "slot_dtype has chosen, is 8-bit, in blocks of so many",
             argument, static_cast<unsigned long long>(t.first_index), rule.slots[s].name);
    }
    if (t.columns % block_elements != 0 && has_gaps(t)) {
      refuse(GRADSTEP_INVALID_ARGUMENT,
             "%s.columns = %zu is no multiple of 256: then no array may have a pitch, because the "
             "dtype of %s, which the group's slot_dtype has chosen, is 8-bit, in blocks of so many",
             argument, t.columns, rule.slots[s].name);
    }
  }
}

void forget_unused_dtypes(tensor& t, std::uint32_t used) noexcept {
  for (std::size_t s = 0; s < t.slot_count; ++s) {
    const bool is_one = t.slots[s].data != nullptr || (used >> s & 1) != 0;
    if (!is_one) t.slots[s] = {nullptr, nullptr, computed_type(t.param.type), false};
  }
}

std::size_t slot_bytes(const rule_info& rule, const tensor& t) noexcept {
  std::size_t bytes = 0;
  for (std::size_t s = 0; s < t.slot_count; ++s) {
    if (t.slots[s].data == nullptr) continue;
    const std::size_t count = slot_elements(rule.slots[s].extent, shape_of(t));
    const dtype type = t.slots[s].type;
    bytes += count * size_of(type) + extra_size(type, false, count);
  }
  return bytes;
}

void refuse_missing_slot(const rule_info& rule, std::uint32_t missing,
                         const tensor_record& record) {
  refuse(GRADSTEP_INVALID_ARGUMENT,
         "the rule would use %s, which the caller's state of tensor %s lacks",
         rule.slots[std::countr_zero(missing)].name, record.quoted_name().text);
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
    const std::size_t count = slot_elements(rule.entry->info->slots[s].extent, shape_of(t));
    const std::size_t bytes = count * size_of(t.slots[s].type);
    const std::size_t scales = extra_size(t.slots[s].type, false, count);
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
    set_initial(c, rule, s, t, slot);
  }
  return added;
}

std::vector<new_slots> allocate_missing_slots(optimizer& o, const group_record& group,
                                              const group_settings& settings) {
  const rule_values& rule = settings.rule;
  std::vector<new_slots> all;
  for (const std::uint32_t index : group.members) {
    tensor_record& record = o.table.records[index];
    const tensor& t = o.table.tensors[index];
    const std::uint32_t missing = settings.used_slots(shape_of(t)) & ~given_slots(t);
    if (missing == 0 || t.count == 0) continue;
    if (!record.owns_slots) refuse_missing_slot(*rule.entry->info, missing, record);
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

void set_initial(const context& c, const rule_values& rule, std::size_t s, const tensor& t,
                 const operand& slot) noexcept {
  const internal::slot& info = rule.entry->info->slots[s];
  const tensor_shape shape = shape_of(t);
  if (info.start == slot_start::param) return convert_array(c, t.param, slot, shape);
  fill_array(c, slot, slot_elements(info.extent, shape), initial_value(rule, info));
}

}  // namespace gradstep::internal
