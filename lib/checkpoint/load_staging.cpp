// SPDX-License-Identifier: Apache-2.0
//
// Getting into memory what a load needs before it changes the optimizer.
#include <iterator>

#include "checkpoint/load_plan.hpp"
#include "optimizer/named_arrays.hpp"

namespace gradstep::internal {
namespace {

/// Lists the arrays of the index-th tensor that the load will set.
void plan_arrays(load_plan& plan, const optimizer& o, std::size_t index) {
  load_plan::planned_tensor& planned = plan.tensors[index];
  const tensor& t = o.table.tensors[index];
  const array_names names = names_of(o, index);
  const auto stage = [&](std::size_t array, dtype type, bool has_low = false) {
    const saved_array_type* const from = planned.from->find(names.at(array));
    const std::size_t count = array_of(o, index, array).count;
    if (from == nullptr || count == 0) return;
    plan.staged.push_back({index, array, from, has_low, count, {nullptr, nullptr, type, false}});
  };
  const std::uint32_t used =
      plan.groups[o.table.records[index].group].settings_after.used_slots(shape_of(t)) |
      given_slots(t);
  for (std::size_t s = 0; s < names.rule.slot_count; ++s) {
    if ((used >> s & 1) != 0) stage(s, t.slots[s].type);
  }
  if (t.average.data != nullptr) stage(names.index_of(array_names::average), t.average.type);
  if (plan.settings.loads_params) {
    stage(names.index_of(array_names::param), t.param.type, has_lower_halves(t.param));
  }
  if (planned.from->accumulate_count == 0) return;
  const operand sum = o.table.sum(index);
  stage(names.index_of(array_names::accumulated_grad), sum.type);
  if (sum.data == nullptr) planned.sum_memory = state_block(o.table.sum_bytes(index));
}

}  // namespace

void stage_arrays(load_plan& plan, const optimizer& o) {
  for (std::size_t i = 0; i < o.table.size(); ++i) {
    if (plan.tensors[i].from != nullptr) plan_arrays(plan, o, i);
  }
  // The optimizer's own arrays take as much memory already, so the sum does not overflow.
  std::size_t end = 0;
  for (const auto& staged : plan.staged) {
    end += stored_size(staged.array.type, staged.has_low, staged.count);
  }
  plan.staged_memory = state_block(end);
  std::byte* at = plan.staged_memory.data();
  for (auto& staged : plan.staged) {
    const dtype type = staged.array.type;
    staged.array = array_at(at, type, staged.has_low, staged.count);
    at += stored_size(type, staged.has_low, staged.count);
    plan.file.read(*plan.tensors[staged.tensor].from, *staged.from, staged.count, o.context,
                   staged.array);
  }
}

void stage_slots(load_plan& plan, optimizer& o) {
  for (std::size_t g = 0; g < o.groups.size(); ++g) {
    plan.workspaces.push_back(
        allocate_larger_workspaces(o, o.groups[g], plan.groups[g].settings_after));
  }
  for (std::size_t g = 0; g < o.groups.size(); ++g) {
    try {
      auto added = allocate_missing_slots(o, o.groups[g], plan.groups[g].settings_after);
      std::move(added.begin(), added.end(), std::back_inserter(plan.slots));
    } catch (const failure& f) {
      refuse(GRADSTEP_MISMATCH, "%s", f.what());
    }
  }
}

}  // namespace gradstep::internal
