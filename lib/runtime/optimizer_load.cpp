// SPDX-License-Identifier: Apache-2.0
//
// Loading: all of a file is read, verified and compared, and all memory is there, before anything
// of the optimizer changes.
#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "array_conversion.hpp"
#include "checkpoint_contents.hpp"
#include "json_text.hpp"
#include "optimizer.hpp"
#include "tensor_arrays.hpp"

namespace gradstep::internal {

/// What of a file goes where.
struct optimizer::load_plan {
  struct staged_array {
    std::string name;
    state_block memory;
    operand array;  // in it, of the dtype that the optimizer has
  };
  struct tensor_plan {
    const saved_tensor* from = nullptr;  // null: stays as it is
    std::vector<staged_array> arrays = {};
    state_block sum_memory = {};  // where the tensor needs one
  };

  const checkpoint_contents& contents;
  load_settings settings;
  std::vector<std::string> problems = {};  // what the model and the file do not share
  std::vector<const saved_group*> groups = {};
  std::vector<group_settings> group_settings_after = {};
  std::vector<new_slots> slots = {};
  std::vector<tensor_plan> tensors = {};
};

namespace {

std::string text_of(const char* what, const char* name) {
  return std::string(what) + " " + in_quotes(name);
}

template <class Saved>
std::unordered_map<std::string_view, const Saved*> by_name(const std::vector<Saved>& all) {
  std::unordered_map<std::string_view, const Saved*> result;
  for (const Saved& each : all) result.emplace(each.name, &each);
  return result;
}

}  // namespace

/// Which group of the file each of ours is.
void optimizer::match_groups(load_plan& plan) const {
  auto saved = by_name(plan.contents.state().groups);
  for (const group_record& group : groups_) {
    const auto found = saved.find(group.name.get());
    const saved_group* from = found == saved.end() ? nullptr : found->second;
    if (from == nullptr) {
      plan.problems.push_back(text_of("group", group.name.get()) + " is not in the file");
    } else {
      saved.erase(found);
      const char* rule = group.settings.rule.entry->info->name;
      const char* saved_rule = from->settings.rule.entry->info->name;
      if (std::strcmp(rule, saved_rule) != 0) {
        plan.problems.push_back(text_of("group", group.name.get()) + " has the rule " + rule +
                                ", in the file " + saved_rule);
        from = nullptr;
      }
    }
    plan.groups.push_back(from);
    group_settings after = group.settings;
    if (from != nullptr && !plan.settings.keeps_settings) {
      after = from->settings;
      after.slot_dtype = group.settings.slot_dtype;
    }
    plan.group_settings_after.push_back(std::move(after));
  }
  for (const auto& [name, group] : saved) {
    plan.problems.push_back("group " + in_quotes(name) + " of the file is not in the optimizer");
  }
}

/// What keeps a tensor of the file from being this one; nothing when it fits.
std::vector<std::string> optimizer::differences(const load_plan& plan, std::size_t index,
                                                const saved_tensor& from) const {
  const tensor_record& record = records_[index];
  const gradstep_tensor& t = tensors_[index];
  const std::string subject = text_of("tensor", record.name.get());
  std::vector<std::string> result;
  const char* group = groups_[record.group].name.get();
  if (from.group != group) {
    result.push_back(subject + " is of group " + in_quotes(group) + ", in the file of " +
                     in_quotes(from.group));
  }
  if (from.count != t.count) {
    result.push_back(subject + " has " + std::to_string(t.count) + " elements, in the file " +
                     std::to_string(from.count));
  }
  if (plan.groups[record.group] == nullptr || from.group != group) return result;
  const auto need = [&](const char* array, bool is_here, bool is_in_file) {
    if (is_here == is_in_file) return;
    result.push_back(in_quotes(from.name + "." + array) +
                     (is_here ? " is not in the file" : " of the file is not in the optimizer"));
  };
  const group_settings& after = plan.group_settings_after[record.group];
  const rule_info& rule = *after.rule.entry->info;
  for (std::size_t s = 0; s < rule.slot_count; ++s) {
    if ((after.used_slots() >> s & 1) == 0) continue;
    need(rule.slots[s].name, true, from.find(rule.slots[s].name) != nullptr);
    if (!record.owns_slots && t.slots[s] == nullptr && t.count != 0) {
      result.push_back(subject + ": the caller's state lacks " + rule.slots[s].name +
                       ", which the rule uses with the values of the file");
    }
  }
  need("average", t.average != nullptr, from.find("average") != nullptr);
  if (plan.settings.loads_params) need("param", true, from.find("param") != nullptr);
  return result;
}

void optimizer::match_tensors(load_plan& plan) const {
  auto saved = by_name(plan.contents.state().tensors);
  for (std::size_t i = 0; i < records_.size(); ++i) {
    plan.tensors.emplace_back();
    const auto found = saved.find(records_[i].name.get());
    if (found == saved.end()) {
      plan.problems.push_back(text_of("tensor", records_[i].name.get()) + " is not in the file");
      continue;
    }
    auto faults = differences(plan, i, *found->second);
    const bool fits = faults.empty() && plan.groups[records_[i].group] != nullptr;
    if (fits) plan.tensors.back().from = found->second;
    std::move(faults.begin(), faults.end(), std::back_inserter(plan.problems));
    saved.erase(found);
  }
  for (const auto& [name, tensor] : saved) {
    plan.problems.push_back("tensor " + in_quotes(name) + " of the file is not in the optimizer");
  }
}

/// Reads what the tensor has of its own into memory beside, in the dtype that it has.
void optimizer::stage_tensor(load_plan& plan, std::size_t index) const {
  load_plan::tensor_plan& tensor = plan.tensors[index];
  const gradstep_tensor& t = tensors_[index];
  const dtype computed = computed_type(t.param_dtype);
  const rule_info& rule = *groups_[records_[index].group].settings.rule.entry->info;
  const std::uint32_t used =
      plan.group_settings_after[records_[index].group].used_slots() | given_slots(rule, t);
  const auto stage = [&](const char* name, dtype type, bool has_low) {
    const saved_array_type* const from = tensor.from->find(name);
    if (from == nullptr || t.count == 0) return;
    load_plan::staged_array staged{.name = name, .memory = {}, .array = {}};
    staged.array = plan.contents.read(*tensor.from, *from, type, has_low, staged.memory);
    tensor.arrays.push_back(std::move(staged));
  };
  for (std::size_t s = 0; s < rule.slot_count; ++s) {
    if ((used >> s & 1) != 0) stage(rule.slots[s].name, slot_type(t, s), false);
  }
  if (t.average != nullptr) stage("average", computed, false);
  if (plan.settings.loads_params) {
    stage("param", static_cast<dtype>(t.param_dtype), t.param_low != nullptr);
  }
  if (tensor.from->accumulate_count == 0) return;
  stage("accumulated_grad", computed, false);
  if (records_[index].sum_memory.data() == nullptr) {
    tensor.sum_memory = state_block(t.count * size_of(computed));
  }
}

/// Nothing in it can fail.
void optimizer::take_tensor(load_plan& plan, std::size_t index) noexcept {
  load_plan::tensor_plan& tensor = plan.tensors[index];
  tensor_record& record = records_[index];
  const gradstep_tensor& t = tensors_[index];
  if (tensor.from == nullptr) return;
  const std::size_t sum_bytes = t.count * size_of(computed_type(t.param_dtype));
  if (tensor.sum_memory.data() != nullptr) {
    record.sum_memory = std::move(tensor.sum_memory);
    state_bytes_ += sum_bytes;
  }
  if (record.sum_memory.data() != nullptr) std::memset(record.sum_memory.data(), 0, sum_bytes);
  record.accumulate_count = tensor.from->accumulate_count;
  for (std::size_t a = 0; a < names_of(index).size(); ++a) {
    const auto& [name, to, is_there] = array(index, a);
    if (!is_there) continue;
    for (const load_plan::staged_array& staged : tensor.arrays) {
      if (staged.name != name) continue;
      std::memcpy(to.data, staged.array.data, t.count * size_of(to.type));
      if (to.extra == nullptr) continue;
      std::memcpy(to.extra, staged.array.extra, extra_size(to.type, true, t.count));
    }
  }
  record.step_count = tensor.from->step_count;
  record.is_inspected = false;
  if (!plan.settings.keeps_settings) record.is_frozen = tensor.from->is_frozen;
  place_gradient(index);
}

void optimizer::take_settings(load_plan& plan) noexcept {
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    if (plan.groups[g] == nullptr) continue;
    groups_[g].settings = std::move(plan.group_settings_after[g]);
    groups_[g].plateau = plan.groups[g]->plateau;
  }
  loss_scaler_ = plan.contents.state().loss_scaler;
}

/// The slots that the rule uses with the values of the file and did not use before.
void optimizer::allocate_for(load_plan& plan, std::size_t group) {
  try {
    auto added = allocate_missing_slots(groups_[group], plan.group_settings_after[group]);
    std::move(added.begin(), added.end(), std::back_inserter(plan.slots));
  } catch (const failure& f) {
    throw failure(GRADSTEP_MISMATCH, f.what());
  }
}

load_counts optimizer::load(const std::string& path, const load_settings& settings) {
  const checkpoint_contents contents(path);
  load_plan plan{.contents = contents, .settings = settings};
  match_groups(plan);
  match_tensors(plan);
  if (!settings.is_partial && !plan.problems.empty()) {
    std::string sentence = in_quotes(path) + " is of another model: ";
    for (const std::string& problem : plan.problems) {
      if (&problem != &plan.problems.front()) sentence += "; ";
      sentence += problem;
    }
    throw failure(GRADSTEP_MISMATCH, sentence);
  }
  load_counts counts;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (plan.tensors[i].from == nullptr) continue;
    stage_tensor(plan, i);
    ++counts.loaded;
  }
  counts.missing = records_.size() - counts.loaded;
  counts.extra = contents.state().tensors.size() - counts.loaded;
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    allocate_for(plan, g);
  }
  // From here on nothing can fail.
  const std::lock_guard held(gate_);
  for (new_slots& added : plan.slots) put_in_place(std::move(added));
  for (std::size_t i = 0; i < records_.size(); ++i) take_tensor(plan, i);
  if (!settings.keeps_settings) take_settings(plan);
  step_count_ = contents.state().step_count;
  skipped_count_ = contents.state().skipped_count;
  grad_norm_ = contents.state().grad_norm;
  return counts;
}

}  // namespace gradstep::internal
