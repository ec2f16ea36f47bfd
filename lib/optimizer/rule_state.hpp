// SPDX-License-Identifier: Apache-2.0
//
// What a rule needs beside slots: scalars, and workspace for its passes.
#pragma once

#include <algorithm>

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// The bytes of the workspace that a tensor of the group needs; 0: none. No step that the settings
/// allow needs more.
std::size_t workspace_size(const group_settings& settings, const tensor& t) noexcept;

/// The workspace of a tensor, before it is in place.
struct new_workspace {
  std::uint32_t tensor;
  state_block memory;
};
/// For the group's tensors that need more workspace with the settings. Throws std::bad_alloc.
std::vector<new_workspace> allocate_larger_workspaces(const optimizer& o, const group_record& group,
                                                      const group_settings& settings);
/// The gate's lock is held.
void put_in_place(tensor_table& table, std::vector<new_workspace>&& added) noexcept;

/// Memory for the rule's scalars of one tensor, at their initial values; null: it has none.
std::unique_ptr<double[]> allocate_scalars(const rule_values& rule);

/// The scalars that a rule has for all its tensors; nullptr: it has none.
template <class Scalars>
auto* find_shared(Scalars& all, const rule_entry& rule) noexcept {
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const shared_scalars& s) { return s.rule == &rule; });
  return found == all.end() ? nullptr : &*found;
}

/// Makes room for the scalars that a rule has for all its tensors, if it has some. Throws
/// std::bad_alloc.
void add_shared(optimizer& o, const rule_entry& rule);

/// The scalar of a tensor that says which transform was made last; 0 for a rule without transforms.
double mode_of(const optimizer& o, std::size_t tensor) noexcept;

/// Whether the rule has slots that start as the param.
bool has_param_slots(const rule_info& rule) noexcept;

/// Makes slots that start as the param, and that no step has used, equal to the param, which may
/// have changed since they were allocated. Slots of the caller's stay as they are.
void refresh_param_slots(optimizer& o, std::size_t tensor) noexcept;

}  // namespace gradstep::internal
