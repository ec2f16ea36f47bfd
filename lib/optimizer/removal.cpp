// SPDX-License-Identifier: Apache-2.0
#include "optimizer/removal.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "optimizer/rule_state.hpp"
#include "optimizer/tensor_changes.hpp"

namespace gradstep::internal {

void remove_tensor(optimizer& o, std::size_t tensor) noexcept {
  const std::lock_guard held(o.gate);
  tensor_record& record = o.table.records[tensor];
  group_record& group = o.groups[record.group];
  o.table.state_bytes -= library_bytes(o, tensor);
  o.table.caller_arrays.take(tensor);
  o.table.names.erase(record.name.get());
  std::erase(group.members, static_cast<std::uint32_t>(tensor));
  std::erase(o.table.present, static_cast<std::uint32_t>(tensor));
  tensor_record removed{.name = std::move(record.name), .is_removed = true};
  record = std::move(removed);
  o.table.tensors[tensor] = {};
}

void remove_group(optimizer& o, std::size_t group) noexcept {
  const std::lock_guard held(o.gate);
  group_record& record = o.groups[group];
  o.group_names.erase(record.name.get());
  record.is_removed = true;
  record.settings.schedule.reset();
  record.plateau.reset();
  record.members = {};
  const rule_entry* const rule = record.settings.rule.entry;
  const bool is_last = std::none_of(o.groups.begin(), o.groups.end(), [&](const group_record& g) {
    return !g.is_removed && g.settings.rule.entry == rule;
  });
  if (is_last) std::erase_if(o.shared_scalars, [&](const auto& s) { return s.rule == rule; });
}

}  // namespace gradstep::internal
