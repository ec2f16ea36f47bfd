// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/stored_arrays.hpp"
#include "optimizer/optimizer.hpp"
#include "safetensors/safetensors_writer.hpp"

namespace gradstep::internal {

saved_state optimizer::state_to_save() const {
  saved_state state{.step_count = step_count_,
                    .skipped_count = skipped_count_,
                    .grad_norm = grad_norm_,
                    .loss_scaler = loss_scaler_,
                    .groups = {},
                    .tensors = {}};
  for (const group_record& g : groups_) {
    state.groups.push_back({g.name.get(), g.settings, g.plateau});
  }
  state.tensors.reserve(records_.size());
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const tensor_record& r = records_[i];
    state.tensors.push_back({.name = r.name.get(),
                             .group = groups_[r.group].name.get(),
                             .count = tensors_[i].count,
                             .step_count = r.step_count,
                             .accumulate_count = r.accumulate_count,
                             .is_frozen = r.is_frozen,
                             .arrays = {},
                             .fresh_slots = {}});
  }
  return state;
}

void optimizer::save(const std::string& path, bool with_params) const {
  saved_state state = state_to_save();
  std::vector<saved_array> arrays;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    saved_tensor& tensor = state.tensors[i];
    tensor.arrays.reserve(names_of(i).size());
    for (std::size_t a = 0; a < names_of(i).size(); ++a) {
      const auto& [name, memory, is_there] = array(i, a);
      if (!is_there || (!with_params && std::string_view(name) == "param")) continue;
      const bool has_low = !has_blocks(memory.type) && memory.extra != nullptr;
      const bool is_fresh =
          a < names_of(i).rule.slot_count && (records_[i].used_slots >> a & 1) == 0;
      if (is_fresh && tensor.step_count != 0) tensor.fresh_slots.emplace_back(name);
      tensor.arrays.push_back({name, memory.type, has_low});
      for_each_part(tensor, tensor.arrays.back(), memory, [&](const stored_part& part) {
        arrays.push_back({std::string(part.name), part.dtype, {part.count}, part.data});
      });
    }
  }
  write_safetensors(path, arrays, {{state_key, write_state(state)}});
}

}  // namespace gradstep::internal
