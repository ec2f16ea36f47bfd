// SPDX-License-Identifier: Apache-2.0
#include "optimizer/tensor_changes.hpp"

#include <utility>

namespace gradstep::internal {
namespace {

std::size_t library_slot_bytes(const optimizer& o, std::size_t tensor) noexcept {
  const tensor_record& record = o.table.records[tensor];
  if (!record.owns_slots) return 0;
  return slot_bytes(*o.groups[record.group].settings.rule.entry->info, o.table.tensors[tensor]);
}

}  // namespace

std::size_t library_bytes(const optimizer& o, std::size_t tensor) noexcept {
  const bool has_sum_memory = o.table.records[tensor].sum_memory.data() != nullptr;
  return library_slot_bytes(o, tensor) + (has_sum_memory ? o.table.sum_bytes(tensor) : 0);
}

void put_in_place(optimizer& o, tensor_change&& change) noexcept {
  tensor_record& record = o.table.records[change.index];
  if (change.slots) o.table.state_bytes -= library_slot_bytes(o, change.index);
  tensor& t = o.table.tensors[change.index] = change.tensor;
  if (change.slots) {
    record.slot_memory.clear();  // its room stays
    put_in_place(o.table, std::move(*change.slots));
  }
  if (!change.keeps_scalars) {
    record.scalar_memory = std::move(change.scalars);
    t.scalars = record.scalar_memory.get();
  }
  record.workspace = std::move(change.workspace);
  t.workspace = record.workspace.data();
}

}  // namespace gradstep::internal
