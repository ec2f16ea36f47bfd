// SPDX-License-Identifier: Apache-2.0
//
// Getting into memory what a load needs before it changes the optimizer.
#include <iterator>

#include "checkpoint/load_plan.hpp"
#include "optimizer/named_arrays.hpp"
#include "step/array_conversion.hpp"

namespace gradstep::internal {
namespace {

/// Lists the arrays of the index-th tensor that the load will set.
void plan_arrays(load_plan& plan, const optimizer& o, std::size_t index) {
  load_plan::planned_tensor& planned = plan.tensors[index];
  const tensor& t = o.table.tensors[index];
  const array_names names = names_of(o, index);
  // from == nullptr: the array gets its initial value.
  const auto stage = [&](std::size_t array, const saved_array_type* from, dtype type,
                         bool has_low = false) {
    const std::size_t count = array_of(o, index, array).count;
    if (count == 0) return;
    plan.staged.push_back({index, array, from, has_low, count, {nullptr, nullptr, type, false}});
  };
  const group_settings& after = plan.groups[o.table.records[index].group].settings_after;
  const std::uint32_t used = after.used_slots(shape_of(t)), given = given_slots(t);
  for (std::size_t s = 0; s < names.rule.slot_count; ++s) {
    const saved_array_type* const from = stored_slot(*planned.from, names.rule.slots[s]);
    const bool is_loaded = ((used | given) >> s & 1) != 0 && from != nullptr;
    const bool is_started = (used >> s & 1) != 0 && from == nullptr;
    if (is_loaded || is_started) stage(s, from, t.slots[s].type);
  }
  if (t.average.data != nullptr) {
    stage(names.index_of(array_names::average), planned.from->find("average"), t.average.type);
  }
  if (plan.settings.loads_params) {
    planned.staged_param = plan.staged.size();
    stage(names.index_of(array_names::param), planned.from->find("param"), t.param.type,
          has_lower_halves(t.param));
  }
  if (planned.from->accumulate_count == 0) return;
  const operand sum = o.table.sum(index);
  stage(names.index_of(array_names::accumulated_grad), planned.from->find("accumulated_grad"),
        sum.type);
  if (sum.data == nullptr) planned.sum_memory = state_block(o.table.sum_bytes(index));
}

/// Sets a staged array that the file lacks to its initial value. The other arrays are staged.
void start(const load_plan& plan, const optimizer& o, const load_plan::staged_array& staged) {
  const std::size_t param = plan.tensors[staged.tensor].staged_param;
  tensor t = o.table.tensors[staged.tensor];  // as it is after the load
  if (param != no_index) t.param = plan.staged[param].array;
  if (staged.index < t.slot_count) {
    const std::size_t group = o.table.records[staged.tensor].group;
    set_initial(o.context, plan.groups[group].settings_after.rule, staged.index, t, staged.array);
  } else {
    convert_array(o.context, t.param, staged.array, shape_of(t));  // the average
  }
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
    if (staged.from == nullptr) continue;
    plan.file.read(*plan.tensors[staged.tensor].from, *staged.from, staged.count, o.context,
                   staged.array);
  }
  for (const auto& staged : plan.staged) {
    if (staged.from == nullptr) start(plan, o, staged);
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
