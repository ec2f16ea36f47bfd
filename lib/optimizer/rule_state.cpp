// SPDX-License-Identifier: Apache-2.0
#include "optimizer/rule_state.hpp"

#include <algorithm>

#include "optimizer/slots.hpp"
#include "step/pass_workspace.hpp"

namespace gradstep::internal {
std::size_t workspace_size(const group_settings& settings, const tensor& t) noexcept {
  const rule_values& rule = settings.rule;
  return std::max(workspace_size(*rule.entry, rule.values, shape_of(t)),
                  workspace_size(*rule.entry, settings.driven_rule().values, shape_of(t)));
}

std::vector<new_workspace> allocate_larger_workspaces(const optimizer& o, const group_record& group,
                                                      const group_settings& settings) {
  std::vector<new_workspace> added;
  if (!settings.rule.entry->has_passes) return added;
  for (const std::uint32_t index : group.members) {
    const std::size_t bytes = workspace_size(settings, o.table.tensors[index]);
    if (bytes > o.table.records[index].workspace.size())
      added.push_back({index, state_block(bytes)});
  }
  return added;
}

void put_in_place(tensor_table& table, std::vector<new_workspace>&& added) noexcept {
  for (new_workspace& each : added) {
    table.records[each.tensor].workspace = std::move(each.memory);
    table.tensors[each.tensor].workspace = table.records[each.tensor].workspace.data();
  }
}

std::unique_ptr<double[]> allocate_scalars(const rule_values& rule) {
  const rule_info& info = *rule.entry->info;
  const std::size_t count = scalar_count(info, scalar_scope::tensor);
  if (count == 0) return nullptr;
  auto scalars = std::make_unique<double[]>(count);
  set_initial_scalars(rule, scalar_scope::tensor, scalars.get());
  return scalars;
}

void add_shared(optimizer& o, const rule_entry& rule) {
  if (scalar_count(*rule.info, scalar_scope::all) == 0) return;
  if (find_shared(o.shared_scalars, rule) != nullptr) return;
  o.shared_scalars.push_back({&rule});
}

double mode_of(const optimizer& o, std::size_t tensor) noexcept {
  const rule_info& rule = *o.groups[o.table.records[tensor].group].settings.rule.entry->info;
  if (rule.mode == no_index) return 0;
  const double* const scalars = o.table.tensors[tensor].scalars;
  return scalars == nullptr ? 0 : scalars[place_in_scope(rule, rule.mode)];
}

bool has_param_slots(const rule_info& rule) noexcept {
  return std::any_of(rule.slots, rule.slots + rule.slot_count,
                     [](const slot& s) { return s.start == slot_start::param; });
}

void refresh_param_slots(optimizer& o, std::size_t tensor) noexcept {
  const tensor_record& record = o.table.records[tensor];
  const internal::tensor& t = o.table.tensors[tensor];
  if (!record.owns_slots || t.count == 0) return;
  const rule_values& rule = o.groups[record.group].settings.rule;
  const rule_info& info = *rule.entry->info;
  for (std::size_t s = 0; s < info.slot_count; ++s) {
    const bool is_fresh = (record.used_slots >> s & 1) == 0 && t.slots[s].data != nullptr;
    if (is_fresh && info.slots[s].start == slot_start::param) {
      set_initial(o.context, rule, s, t, t.slots[s]);
    }
  }
}

}  // namespace gradstep::internal
