// SPDX-License-Identifier: Apache-2.0
#include "optimizer.hpp"
#include "ranges.hpp"
#include "safetensors_writer.hpp"
#include "stored_arrays.hpp"

namespace gradstep::internal {

optimizer::array_list optimizer::arrays_of(std::size_t tensor) const noexcept {
  const tensor_record& record = records_[tensor];
  const gradstep_tensor& t = tensors_[tensor];
  const rule_info& rule = *groups_[record.group].settings.rule.entry->info;
  const dtype computed = computed_type(t.param_dtype);
  array_list list;
  for (std::size_t s = 0; s < rule.slot_count; ++s) {
    const operand slot{t.slots[s], t.slot_scales[s], slot_type(t, s), false};
    if (t.slots[s] != nullptr || t.count == 0) list.add(rule.slots[s].name, slot);
  }
  if (t.average != nullptr) list.add("average", {t.average, nullptr, computed, false});
  if (has_sum(tensor)) {
    list.add("accumulated_grad", {record.sum_memory.data(), nullptr, computed, false});
  }
  list.add("param", {t.param, t.param_low, static_cast<dtype>(t.param_dtype), false});
  return list;
}

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
  for (std::size_t i = 0; i < records_.size(); ++i) {
    const tensor_record& r = records_[i];
    state.tensors.push_back({.name = r.name.get(),
                             .group = groups_[r.group].name.get(),
                             .count = tensors_[i].count,
                             .step_count = r.step_count,
                             .accumulate_count = r.accumulate_count,
                             .is_frozen = r.is_frozen,
                             .arrays = {}});
  }
  return state;
}

void optimizer::save(const std::string& path, bool with_params) const {
  saved_state state = state_to_save();
  std::vector<saved_array> arrays;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    saved_tensor& tensor = state.tensors[i];
    for (const auto& [name, array] : arrays_of(i)) {
      if (!with_params && std::string_view(name) == "param") continue;
      const bool has_low = !has_blocks(array.type) && array.extra != nullptr;
      tensor.arrays.push_back({name, array.type, has_low});
      for (const stored_part& part : parts_of(tensor, tensor.arrays.back(), array)) {
        arrays.push_back({part.name, part.dtype, {part.count}, part.data});
      }
    }
  }
  write_safetensors(path, arrays, {{state_key, write_state(state)}});
}

}  // namespace gradstep::internal
