// SPDX-License-Identifier: Apache-2.0
#include "optimizer/setup.hpp"

#include <algorithm>
#include <mutex>

#include "base/mix.hpp"
#include "optimizer/overlaps.hpp"
#include "optimizer/rule_state.hpp"
#include "optimizer/slots.hpp"

namespace gradstep::internal {
namespace {

/// Makes room for one more tensor in every list that grows with the tensors.
void reserve_tensor(optimizer& o, group_record& group) {
  reserve_one_more(group.members);
  reserve_one_more(o.table.tensors);
  reserve_one_more(o.table.records);
  reserve_one_more(o.table.present);
  const std::size_t most = o.table.tensors.capacity();
  o.lists.selected.reserve(most);
  o.lists.batch_order.reserve(most);
  o.lists.sums.reserve(most);
  if (group.settings.rule.entry->sums_over_all()) o.lists.requests.reserve(most);
}

tensor_record make_record(std::size_t group, std::string_view name, const tensor& t,
                          slot_owner owner) {
  tensor_record record{.name = copy_name(name)};
  record.group = static_cast<std::uint32_t>(group);
  record.owns_slots = owner == slot_owner::library;
  record.grad = t.grad;
  return record;
}

}  // namespace

std::size_t add_group(optimizer& o, std::string_view name, group_settings&& settings) {
  const auto index = static_cast<std::uint32_t>(o.groups.size());
  group_record group{.name = copy_name(name), .settings = std::move(settings)};
  group.step_rule = group.settings.rule;
  const std::lock_guard held(o.gate);
  reserve_one_more(o.groups);
  add_shared(o, *group.settings.rule.entry);
  o.group_names.emplace(group.name.get(), index);
  o.groups.push_back(std::move(group));
  return index;
}

std::size_t add_tensor(optimizer& o, std::size_t group_index, std::string_view name,
                       const tensor& given, slot_owner owner) {
  group_record& group = o.groups[group_index];
  const std::uint32_t used = group.settings.used_slots(shape_of(given));
  const auto index = static_cast<std::uint32_t>(o.table.size());
  array_registry::additions arrays =
      check_new_arrays(o.table, *group.settings.rule.entry->info, given, index, "tensor");

  tensor_record record = make_record(group_index, name, given, owner);
  tensor t = given;
  if (t.key == 0) t.key = key_of_name(name);
  new_slots added{};
  if (record.owns_slots) {
    plan_slots(group.settings, t);
    check_blocks(*group.settings.rule.entry->info, t, "tensor");
    added = allocate_slots(o.context, group.settings.rule, used, t, index);
    record.slot_memory.reserve(1);
  } else {
    forget_unused_dtypes(t, used);
  }
  if (t.scalars == nullptr) {
    record.scalar_memory = allocate_scalars(group.settings.rule);
    t.scalars = record.scalar_memory.get();
  }
  record.workspace = state_block(workspace_size(group.settings, t));
  t.workspace = record.workspace.data();

  const std::lock_guard held(o.gate);
  reserve_tensor(o, group);
  o.table.names.emplace(record.name.get(), index);
  // From here on nothing can fail.
  group.members.push_back(index);
  o.table.tensors.push_back(t);
  o.table.records.push_back(std::move(record));
  o.table.present.push_back(index);
  if (owner == slot_owner::library) put_in_place(o.table, std::move(added));
  o.table.caller_arrays.add(std::move(arrays));
  return index;
}

void change_group(optimizer& o, std::size_t group_index, group_settings&& settings) {
  group_record& group = o.groups[group_index];
  auto added = allocate_missing_slots(o, group, settings);
  auto workspaces = allocate_larger_workspaces(o, group, settings);
  const std::lock_guard held(o.gate);
  for (new_slots& each : added) put_in_place(o.table, std::move(each));
  put_in_place(o.table, std::move(workspaces));
  group.settings = std::move(settings);
  if (group.plateau) group.plateau->lr = base_lr(group.settings.rule);
}

void set_plateau(optimizer& o, std::size_t group_index,
                 const std::optional<internal::plateau>& plateau) noexcept {
  const std::lock_guard held(o.gate);
  group_record& group = o.groups[group_index];
  group.plateau = plateau;
  if (plateau) set_base_lr(group.settings.rule, plateau->lr);
}

std::size_t report_metric(optimizer& o, double metric) noexcept {
  const std::lock_guard held(o.gate);
  std::size_t lowered_count = 0;
  for (group_record& group : o.groups) {
    if (!group.plateau) continue;
    lowered_count += report_metric(*group.plateau, metric) ? 1 : 0;
    set_base_lr(group.settings.rule, group.plateau->lr);
  }
  return lowered_count;
}

void set_max_norm(optimizer& o, std::size_t group, double max_norm) noexcept {
  const std::lock_guard held(o.gate);
  o.groups[group].settings.max_norm = max_norm;
}

void set_loss_scaler(optimizer& o, const std::optional<internal::loss_scaler>& scaler) noexcept {
  const std::lock_guard held(o.gate);
  o.loss_scaler = scaler;
}

void set_frozen(optimizer& o, std::size_t tensor, bool is_frozen) noexcept {
  const std::lock_guard held(o.gate);
  o.table.records[tensor].is_frozen = is_frozen;
}

}  // namespace gradstep::internal
