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

[[noreturn]] void refuse_other_model(const std::string& path,
                                     const std::vector<std::string>& problems) {
  std::string list;
  for (const std::string& problem : problems) {
    if (!list.empty()) list += "; ";
    list += problem;
  }
  refuse(GRADSTEP_MISMATCH, "%s is of another model: %s", in_quotes(path).c_str(), list.c_str());
}

/// Bit s: a step of the tensor had used slot s before it was saved.
std::uint32_t used_slots_of(const rule_info& rule, const saved_tensor& from) noexcept {
  std::uint32_t used = 0;
  for (std::size_t s = 0; s < rule.slot_count && from.step_count != 0; ++s) {
    const auto& fresh = from.fresh_slots;
    const bool is_fresh = std::find(fresh.begin(), fresh.end(), rule.slots[s].name) != fresh.end();
    if (!is_fresh && from.find(rule.slots[s].name) != nullptr) used |= 1U << s;
  }
  return used;
}

load_counts counts_of(const load_plan& plan) {
  load_counts counts;
  for (const auto& tensor : plan.tensors) counts.loaded += tensor.from != nullptr ? 1 : 0;
  counts.missing = plan.tensors.size() - counts.loaded;
  counts.extra = plan.file.state().tensors.size() - counts.loaded;
  return counts;
}

// ---- Taking over: cannot fail, with the gate's lock held ----------------------------------------

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
  record.used_slots = used_slots_of(names_of(o, index).rule, *planned.from);
  record.inspected.reset();
  if (!plan.settings.keeps_settings) record.is_frozen = planned.from->is_frozen;
  place_gradient(o.table, index);
}

void take_arrays(optimizer& o, const load_plan& plan) noexcept {
  for (const load_plan::staged_array& staged : plan.staged) {
    const std::size_t count = o.table.tensors[staged.tensor].count;
    const auto& [name, to, is_there] = array_of(o, staged.tensor, staged.index);
    if (!is_there) continue;
    std::memcpy(to.data, staged.array.data, count * size_of(to.type));
    if (to.extra == nullptr) continue;
    std::memcpy(to.extra, staged.array.extra, extra_size(to.type, true, count));
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
  for (std::size_t i = 0; i < o.table.size(); ++i) take_tensor(o, plan, i);
  take_arrays(o, plan);
  if (!plan.settings.keeps_settings) take_settings(o, plan);
  o.step_count = plan.file.state().step_count;
  o.skipped_count = plan.file.state().skipped_count;
  o.grad_norm = plan.file.state().grad_norm;
}

}  // namespace

load_counts load_checkpoint(optimizer& o, const std::string& path, const load_settings& settings) {
  checkpoint_reader file(path);
  load_plan plan{.file = file, .settings = settings};
  match_groups(plan, o);
  match_tensors(plan, o);
  if (!settings.is_partial && !plan.problems.empty()) refuse_other_model(path, plan.problems);
  stage_arrays(plan, o);
  stage_slots(plan, o);
  const load_counts counts = counts_of(plan);
  // From here on nothing can fail.
  const std::lock_guard held(o.gate);
  take_state(o, plan);
  return counts;
}

}  // namespace gradstep::internal
