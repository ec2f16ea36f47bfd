// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/save.hpp"

#include "checkpoint/stored_arrays.hpp"
#include "optimizer/named_arrays.hpp"
#include "safetensors/safetensors_writer.hpp"

namespace gradstep::internal {
namespace {

/// The whole state, but without the tensors' arrays.
saved_state state_without_arrays(const optimizer& o) {
  saved_state state{.step_count = o.step_count,
                    .skipped_count = o.skipped_count,
                    .grad_norm = o.grad_norm,
                    .loss_scaler = o.loss_scaler,
                    .groups = {},
                    .tensors = {}};
  for (const group_record& g : o.groups) {
    state.groups.push_back({g.name.get(), g.settings, g.plateau});
  }
  state.tensors.reserve(o.table.size());
  for (std::size_t i = 0; i < o.table.size(); ++i) {
    const tensor_record& r = o.table.records[i];
    state.tensors.push_back({.name = r.name.get(),
                             .group = o.groups[r.group].name.get(),
                             .count = o.table.tensors[i].count,
                             .step_count = r.step_count,
                             .accumulate_count = r.accumulate_count,
                             .is_frozen = r.is_frozen,
                             .arrays = {},
                             .fresh_slots = {}});
  }
  return state;
}

/// Adds the index-th tensor's arrays to its state and to the list of arrays to write.
void add_arrays(const optimizer& o, std::size_t index, bool with_params, saved_tensor& tensor,
                std::vector<saved_array>& arrays) {
  const array_names names = names_of(o, index);
  tensor.arrays.reserve(names.size());
  for (std::size_t a = 0; a < names.size(); ++a) {
    const auto& [name, memory, is_there] = array_of(o, index, a);
    if (!is_there || (!with_params && a == names.index_of(array_names::param))) continue;
    const bool is_fresh =
        a < names.rule.slot_count && (o.table.records[index].used_slots >> a & 1) == 0;
    if (is_fresh && tensor.step_count != 0) tensor.fresh_slots.emplace_back(name);
    tensor.arrays.push_back({name, memory.type, has_lower_halves(memory)});
    for_each_part(tensor, tensor.arrays.back(), memory, [&](const stored_part& part) {
      arrays.push_back({std::string(part.name), part.dtype, {part.count}, part.data});
    });
  }
}

}  // namespace

void save_checkpoint(const optimizer& o, const std::string& path, bool with_params) {
  saved_state state = state_without_arrays(o);
  std::vector<saved_array> arrays;
  for (std::size_t i = 0; i < o.table.size(); ++i) {
    add_arrays(o, i, with_params, state.tensors[i], arrays);
  }
  write_safetensors(path, arrays, {{state_key, write_state(state)}});
}

}  // namespace gradstep::internal
