// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/load.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "checkpoint/load_plan.hpp"
#include "json/json_writing.hpp"
#include "optimizer/gradients.hpp"
#include "optimizer/named_arrays.hpp"

namespace gradstep::internal {
namespace {

[[noreturn]] void refuse_other_model(const std::string& file,
                                     const std::vector<std::string>& problems) {
  std::string list;
  for (const std::string& problem : problems) {
    if (!list.empty()) list += "; ";
    list += problem;
  }
  refuse(GRADSTEP_MISMATCH, "%s is of another model: %s", file.c_str(), list.c_str());
}

/// Bit s: a step of the tensor had used slot s before it was saved.
std::uint32_t used_slots_of(const rule_info& rule, const saved_tensor& from) noexcept {
  std::uint32_t used = 0;
  for (std::size_t s = 0; s < rule.slot_count && from.step_count != 0; ++s) {
    const auto& fresh = from.fresh_slots;
    const bool is_fresh = std::find(fresh.begin(), fresh.end(), rule.slots[s].name) != fresh.end();
    if (!is_fresh && stored_slot(from, rule.slots[s]) != nullptr) used |= 1U << s;
  }
  return used;
}

/// How many params the tensor's average has after the load. One that the file lacks is the param.
std::uint64_t average_count_of(const tensor& t, const saved_tensor& from) noexcept {
  if (t.average.data == nullptr) return 0;
  return from.find("average") == nullptr ? 1 : from.average_count;
}

load_counts counts_of(const load_plan& plan, const optimizer& o) {
  load_counts counts;
  for (const auto& tensor : plan.tensors) counts.loaded += tensor.from != nullptr ? 1 : 0;
  counts.missing = o.table.names.size() - counts.loaded;
  counts.extra = plan.file.state().tensors.size() - counts.loaded;
  return counts;
}

// ---- Taking over: cannot fail, with the gate's lock held ----------------------------------------

/// Sets those scalars of a scope that the file has, and the others to their initial values. saved:
/// scalars of a rule with that scope; those that this rule lacks are left.
void take_scalars(const rule_values& rule, scalar_scope scope,
                  const std::vector<saved_number>& saved, double* to) noexcept {
  set_initial_scalars(rule, scope, to);
  for (const saved_number& n : saved) {
    const rule_info& info = *rule.entry->info;
    const std::size_t index = find_scalar(info, n.name);
    if (index == no_index || info.scalars[index].scope != scope) continue;
    to[place_in_scope(info, index)] = n.value;
  }
}

void take_tensor(optimizer& o, load_plan& plan, std::size_t index) noexcept {
  load_plan::planned_tensor& planned = plan.tensors[index];
  if (planned.from == nullptr) return;
  tensor_record& record = o.table.records[index];
  const std::size_t bytes = o.table.sum_bytes(index);
  if (planned.sum_memory.data() != nullptr) {
    record.sum_memory = std::move(planned.sum_memory);
    o.table.state_bytes += bytes;
  }
  if (record.sum_memory.data() != nullptr) std::memset(record.sum_memory.data(), 0, bytes);
  record.accumulate_count = planned.from->accumulate_count;
  record.step_count = planned.from->step_count;
  record.average_count = average_count_of(o.table.tensors[index], *planned.from);
  record.used_slots = used_slots_of(names_of(o, index).rule, *planned.from);
  record.inspected.reset();
  if (double* const scalars = o.table.tensors[index].scalars) {
    take_scalars(o.groups[record.group].settings.rule, scalar_scope::tensor, planned.from->scalars,
                 scalars);
  }
  if (!plan.settings.keeps_settings) record.is_frozen = planned.from->is_frozen;
  place_gradient(o.table, index);
}

/// Copies elements and what belongs to them; `from` has no gaps.
void copy_array(const operand& from, const operand& to, std::size_t count) noexcept {
  std::memcpy(to.data, from.data, count * size_of(to.type));
  if (to.extra != nullptr) std::memcpy(to.extra, from.extra, extra_size(to.type, true, count));
}

void take_arrays(optimizer& o, const load_plan& plan) noexcept {
  for (const load_plan::staged_array& staged : plan.staged) {
    const named_array here = array_of(o, staged.tensor, staged.index);
    if (!here.is_there) continue;
    if (here.array.pitch == 0) {
      copy_array(staged.array, here.array, staged.count);
      continue;
    }
    const std::size_t columns = o.table.tensors[staged.tensor].columns;
    for (std::size_t row = 0; row < staged.count / columns; ++row) {
      copy_array(staged.array + row * columns, here.array + row * here.array.pitch, columns);
    }
  }
}

void take_shared(optimizer& o, const load_plan& plan) noexcept {
  for (shared_scalars& shared : o.shared_scalars) {
    const auto& rules = plan.file.state().rules;
    const auto found = std::find_if(rules.begin(), rules.end(), [&](const saved_rule_state& r) {
      return r.name == shared.rule->info->name;
    });
    shared.is_used = found != rules.end();
    if (!shared.is_used) continue;
    take_scalars(with_defaults(*shared.rule), scalar_scope::all, found->scalars, shared.values);
  }
}

void take_settings(optimizer& o, load_plan& plan) noexcept {
  for (std::size_t g = 0; g < o.groups.size(); ++g) {
    load_plan::planned_group& planned = plan.groups[g];
    if (planned.from == nullptr) continue;
    o.groups[g].settings = std::move(planned.settings_after);
    o.groups[g].plateau = planned.from->plateau;
  }
  o.loss_scaler = plan.file.state().loss_scaler;
}

void take_state(optimizer& o, load_plan& plan) noexcept {
  for (new_slots& added : plan.slots) put_in_place(o.table, std::move(added));
  for (auto& added : plan.workspaces) put_in_place(o.table, std::move(added));
  for_each_tensor(o, [&](std::size_t i) { take_tensor(o, plan, i); });
  take_arrays(o, plan);
  if (!plan.settings.keeps_settings) take_settings(o, plan);
  take_shared(o, plan);
  for (group_record& group : o.groups) group.grad_norm = 0;
  o.step_count = plan.file.state().step_count;
  o.skipped_count = plan.file.state().skipped_count;
  o.grad_norm = plan.file.state().grad_norm;
  o.notes.swap(plan.notes);
}

}  // namespace

load_counts load_checkpoint(optimizer& o, std::unique_ptr<byte_source> source,
                            const load_settings& settings) {
  checkpoint_reader file(std::move(source));
  load_plan plan{.file = file, .settings = settings, .notes = file.notes()};
  match_groups(plan, o);
  match_tensors(plan, o);
  if (!settings.is_partial && !plan.problems.empty())
    refuse_other_model(file.shown(), plan.problems);
  stage_arrays(plan, o);
  stage_slots(plan, o);
  const load_counts counts = counts_of(plan, o);
  // From here on nothing can fail.
  const std::lock_guard held(o.gate);
  take_state(o, plan);
  return counts;
}

}  // namespace gradstep::internal
