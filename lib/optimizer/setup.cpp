// SPDX-License-Identifier: Apache-2.0
#include "optimizer/optimizer.hpp"

#include <cstring>
#include <string>

#include "base/failure.hpp"
#include "base/mix.hpp"
#include "base/text.hpp"
#include "schedules/plateau.hpp"
#include "step/tensor_arrays.hpp"

namespace gradstep::internal {
namespace {

std::unique_ptr<char[]> copy_name(std::string_view name) {
  auto copy = std::make_unique<char[]>(name.size() + 1);
  std::memcpy(copy.get(), name.data(), name.size());
  return copy;
}

/// push_back cannot fail then.
template <class Vector>
void reserve_one_more(Vector& list) {
  if (list.size() == list.capacity()) list.reserve(std::max<std::size_t>(8, 2 * list.size()));
}

const std::uint32_t* find(const std::unordered_map<std::string_view, std::uint32_t>& names,
                          std::string_view name) {
  const auto found = names.find(name);
  return found == names.end() ? nullptr : &found->second;
}

/// Of slots that the caller owns; `used`: by the rule. What goes with no slot is left out: the
/// dtype of one that is neither there nor used, scales beside a dtype that has none.
void copy_slots(const gradstep_tensor& from, std::uint32_t used, slot_arrays& to) {
  for (std::size_t s = 0; s < from.slot_count; ++s) {
    const bool is_one = from.slots[s] != nullptr || (used >> s & 1) != 0;
    const dtype type = is_one ? slot_type(from, s) : computed_type(from.param_dtype);
    to.data[s] = from.slots[s];
    to.dtypes[s] = static_cast<std::int32_t>(type);
    if (has_blocks(type) && from.slot_scales != nullptr) to.scales[s] = from.slot_scales[s];
  }
}

}  // namespace

const std::uint32_t* optimizer::find_group(std::string_view name) const {
  return find(group_names_, name);
}
const std::uint32_t* optimizer::find_tensor(std::string_view name) const {
  return find(tensor_names_, name);
}

std::size_t optimizer::add_group(std::string_view name, group_settings&& settings) {
  const auto index = static_cast<std::uint32_t>(groups_.size());
  group_record group{.name = copy_name(name), .settings = std::move(settings)};
  group.step_rule = group.settings.rule;
  const std::lock_guard held(gate_);
  reserve_one_more(groups_);
  group_names_.emplace(group.name.get(), index);
  groups_.push_back(std::move(group));
  return index;
}

/// Lists that grow with the tensors, so that adding one cannot fail half done.
void optimizer::reserve_tensor(group_record& group) {
  reserve_one_more(group.members);
  reserve_one_more(tensors_);
  reserve_one_more(records_);
  selected_.reserve(tensors_.capacity());
  batch_order_.reserve(tensors_.capacity());
  sums_.reserve(tensors_.capacity());
}

void optimizer::check_overlaps(const gradstep_tensor& tensor, const rule_info& rule,
                               array_registry::entries& added,
                               array_registry::grad_entries& added_grads) const {
  if (tensor.count == 0) return;  // pointers may be anything then
  const auto add = [&](const void* data, const char* name, std::size_t size, std::size_t count,
                       presence wanted) {
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    if (data == nullptr) return;
    const std::uintptr_t end = begin + size * count;
    const auto* other = arrays_.find_overlap(begin, end);
    if (other == nullptr) other = arrays_.find_grad_overlap(begin, end);
    if (other != nullptr) {
      throw failure(GRADSTEP_INVALID_ARGUMENT, std::string("tensor.") + name + " overlaps " +
                                                   other->name + " of tensor " +
                                                   quoted(records_[other->tensor].name.get()).text);
    }
    const std::size_t index = tensors_.size();
    if (wanted == presence::gradient) {
      added_grads.insert({{begin, index}, {end, index, name}});
    } else {
      added.insert({begin, {end, index, name}});
    }
  };
  for_each_array(rule, given_slots(rule, tensor), tensor, add);
}

std::size_t optimizer::add_tensor(std::size_t group_index, std::string_view name,
                                  const gradstep_tensor& tensor) {
  group_record& group = groups_[group_index];
  const rule_info& rule = *group.settings.rule.entry->info;
  const auto index = static_cast<std::uint32_t>(tensors_.size());
  array_registry::entries arrays;
  array_registry::grad_entries grads;
  check_overlaps(tensor, rule, arrays, grads);

  tensor_record record{.name = copy_name(name), .slots = std::make_unique<slot_arrays>()};
  record.owns_slots = tensor.slots == nullptr;
  new_slots added{};
  if (record.owns_slots) {
    plan_slots(group.settings, tensor, *record.slots);
    added = allocate_slots(group.settings.rule, group.settings.used_slots(), tensor, *record.slots);
    added.tensor = index;
    record.state.reserve(1);
  } else {
    copy_slots(tensor, group.settings.used_slots(), *record.slots);
  }
  record.grad = tensor.grad;
  record.grad_dtype = tensor.grad_dtype;
  record.group = static_cast<std::uint32_t>(group_index);

  gradstep_tensor own = tensor;
  own.struct_size = sizeof own;
  own.slots = record.slots->data;
  own.slot_scales = record.slots->scales;
  own.slot_dtypes = record.slots->dtypes;
  own.slot_count = rule.slot_count;
  if (own.key == 0) own.key = key_of_name(name);

  const std::lock_guard held(gate_);
  reserve_tensor(group);
  tensor_names_.emplace(record.name.get(), index);
  // From here on nothing can fail.
  group.members.push_back(index);
  tensors_.push_back(own);
  records_.push_back(std::move(record));
  if (records_[index].owns_slots) put_in_place(std::move(added));
  arrays_.add(std::move(arrays), std::move(grads));
  return index;
}

void optimizer::change_group(std::size_t group_index, group_settings&& settings) {
  group_record& group = groups_[group_index];
  auto added = allocate_missing_slots(group, settings);
  const std::lock_guard held(gate_);
  for (new_slots& each : added) put_in_place(std::move(each));
  group.settings = std::move(settings);
  if (group.plateau) group.plateau->lr = base_lr(group.settings.rule);
}

void optimizer::set_plateau(std::size_t group_index,
                            const std::optional<gradstep_plateau>& plateau) noexcept {
  const std::lock_guard held(gate_);
  group_record& group = groups_[group_index];
  group.plateau = plateau;
  if (plateau) set_base_lr(group.settings.rule, plateau->lr);
}

void optimizer::set_loss_scaler(const std::optional<gradstep_loss_scaler>& scaler) noexcept {
  const std::lock_guard held(gate_);
  loss_scaler_ = scaler;
}

std::size_t optimizer::report_metric(double metric) noexcept {
  const std::lock_guard held(gate_);
  std::size_t reduced_count = 0;
  for (group_record& group : groups_) {
    if (!group.plateau) continue;
    reduced_count += internal::report_metric(*group.plateau, metric) ? 1 : 0;
    set_base_lr(group.settings.rule, group.plateau->lr);
  }
  return reduced_count;
}

void optimizer::set_frozen(std::size_t tensor, bool is_frozen) noexcept {
  const std::lock_guard held(gate_);
  records_[tensor].is_frozen = is_frozen;
}

}  // namespace gradstep::internal
