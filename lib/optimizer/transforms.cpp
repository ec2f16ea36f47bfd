// SPDX-License-Identifier: Apache-2.0
#include "optimizer/transforms.hpp"

#include "optimizer/rule_state.hpp"

namespace gradstep::internal {

void transform_group(optimizer& o, std::size_t group_index, std::size_t index) noexcept {
  const rule_values& rule = o.groups[group_index].settings.rule;
  const transform& made = rule.entry->info->transforms[index];
  o.lists.selected.clear();
  for (const std::uint32_t i : o.groups[group_index].members) {
    if (mode_of(o, i) == made.mode_before) o.lists.selected.push_back(i);
  }
  for (const std::uint32_t i : o.lists.selected) refresh_param_slots(o, i);
  step_request request{.rule = *rule.entry,
                       .values = rule.values,
                       .tensors = tensor_list(o.table.tensors.data(), o.lists.selected)};
  request.transform = index;
  transform_tensors(o.context, request);
}

}  // namespace gradstep::internal
