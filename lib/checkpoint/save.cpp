// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/save.hpp"

#include "checkpoint/checkpoint_reader.hpp"
#include "checkpoint/stored_arrays.hpp"
#include "optimizer/named_arrays.hpp"
#include "safetensors/safetensors_writer.hpp"
#include "step/array_conversion.hpp"

namespace gradstep::internal {
namespace {

/// values: the rule's scalars of the scope; nullptr: there are none.
std::vector<saved_number> scalars_of(const rule_info& rule, scalar_scope scope,
                                     const double* values) {
  std::vector<saved_number> saved;
  if (values == nullptr) return saved;
  for (const scalar& s : rule.scalars) {
    if (s.scope == scope) saved.push_back({s.name, *values++});
  }
  return saved;
}

/// The whole state, but without the tensors' arrays.
saved_state state_without_arrays(const optimizer& o) {
  saved_state state{.step_count = o.step_count,
                    .skipped_count = o.skipped_count,
                    .grad_norm = o.grad_norm,
                    .loss_scaler = o.loss_scaler,
                    .groups = {},
                    .tensors = {},
                    .rules = {}};
  for_each_group(o, [&](std::size_t i) {
    const group_record& g = o.groups[i];
    state.groups.push_back({g.name.get(), g.settings, g.plateau});
  });
  state.tensors.reserve(o.table.names.size());
  for_each_tensor(o, [&](std::size_t i) {
    const tensor_record& r = o.table.records[i];
    state.tensors.push_back(
        {.name = r.name.get(),
         .group = o.groups[r.group].name.get(),
         .count = o.table.tensors[i].count,
         .rows = o.table.tensors[i].rows,
         .columns = o.table.tensors[i].columns,
         .step_count = r.step_count,
         .accumulate_count = r.accumulate_count,
         .average_count = r.average_count,
         .is_frozen = r.is_frozen,
         .arrays = {},
         .fresh_slots = {},
         .scalars = scalars_of(*o.groups[r.group].settings.rule.entry->info, scalar_scope::tensor,
                               o.table.tensors[i].scalars)});
  });
  for (const shared_scalars& s : o.shared_scalars) {
    if (!s.is_used) continue;
    state.rules.push_back(
        {s.rule->info->name, scalars_of(*s.rule->info, scalar_scope::all, s.values)});
  }
  return state;
}

/// The file's arrays, and memory for copies of those that have gaps in the optimizer.
struct file_arrays {
  bool is_written = true;  // false: only the sizes of the arrays matter
  std::vector<saved_array> arrays = {};
  std::vector<state_block> copies = {};

  /// The array without gaps: itself, or a copy.
  operand gapless(const context& c, const operand& array, const tensor_shape& shape) {
    if (array.pitch == 0 || !is_written) return array;
    const bool has_low = has_lower_halves(array);
    copies.emplace_back(stored_size(array.type, has_low, shape.count));
    const operand copy = array_at(copies.back().data(), array.type, has_low, shape.count);
    convert_array(c, array, copy, shape);
    return copy;
  }
};

/// Adds the index-th tensor's arrays to its state and to the list of arrays to write.
void add_arrays(const optimizer& o, std::size_t index, bool with_params, saved_tensor& tensor,
                file_arrays& file) {
  const array_names names = names_of(o, index);
  tensor.arrays.reserve(names.size());
  for (std::size_t a = 0; a < names.size(); ++a) {
    const auto& [name, array, count, is_there] = array_of(o, index, a);
    if (!is_there || (!with_params && a == names.index_of(array_names::param))) continue;
    const bool is_fresh =
        a < names.rule.slot_count && (o.table.records[index].used_slots >> a & 1) == 0;
    if (is_fresh && tensor.step_count != 0) tensor.fresh_slots.emplace_back(name);
    const operand memory = file.gapless(o.context, array, shape_of(o.table.tensors[index]));
    tensor.arrays.push_back({name, memory.type, has_lower_halves(memory)});
    for_each_part(tensor, tensor.arrays.back(), count, memory, [&](const stored_part& part) {
      file.arrays.push_back({std::string(part.name), part.dtype, {part.count}, part.data});
    });
  }
}

}  // namespace

std::uint64_t save_checkpoint(const optimizer& o, byte_sink* sink, bool with_params) {
  saved_state state = state_without_arrays(o);
  file_arrays file{.is_written = sink != nullptr};
  auto tensor = state.tensors.begin();
  for_each_tensor(o, [&](std::size_t i) { add_arrays(o, i, with_params, *tensor++, file); });
  metadata_map metadata{{state_key, write_state(state)}};
  for (const auto& [name, text] : o.notes) metadata.emplace(note_prefix + name, text);
  safetensors_writer writer(file.arrays, metadata);
  if (sink != nullptr) writer.write(*sink);
  return writer.size();
}

}  // namespace gradstep::internal
