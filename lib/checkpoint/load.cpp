// SPDX-License-Identifier: Apache-2.0
//
// Loading: all of a file is read, verified and compared, and all memory is there, before anything
// of the optimizer changes.
#include <algorithm>
#include <cstring>
#include <optional>

#include "base/sorted_names.hpp"
#include "checkpoint/checkpoint_contents.hpp"
#include "json/json_text.hpp"
#include "optimizer/optimizer.hpp"
#include "step/array_conversion.hpp"
#include "step/tensor_arrays.hpp"

namespace gradstep::internal {

/// What of a file goes where.
struct optimizer::load_plan {
  struct tensor_plan {
    const saved_tensor* from = nullptr;  // null: stays as it is
    state_block sum_memory = {};         // where the tensor needs one
  };
  /// An array that is read into memory beside.
  struct staged_array {
    std::size_t tensor, index;  // as names_of counts
    const saved_array_type* from;
    operand array;  // of the dtype that the optimizer has
  };

  checkpoint_contents& contents;
  load_settings settings;
  std::vector<std::string> problems = {};  // what the model and the file do not share
  std::vector<const saved_group*> groups = {};
  std::vector<group_settings> group_settings_after = {};
  std::vector<new_slots> slots = {};
  std::vector<tensor_plan> tensors = {};
  std::vector<staged_array> staged = {};
  state_block memory = {};  // of these
};

namespace {

std::string text_of(const char* what, const char* name) {
  return std::string(what) + " " + in_quotes(name);
}

/// Finds what the file has by name, and tells what nobody asked for.
template <class Saved>
class saved_by_name {
 public:
  explicit saved_by_name(const std::vector<Saved>& all) : all_(all) {}

  /// Null where the file has none. Most are asked for in the order of the file.
  const Saved* take(std::string_view name) {
    if (next_ >= all_.size() || all_[next_].name != name) {
      if (!names_) names_.emplace(all_, &Saved::name);
      const auto found = names_->find(name);
      if (!found) return nullptr;
      next_ = *found;
    }
    is_taken_[next_] = true;
    return &all_[next_++];
  }
  template <class Visit>
  void for_each_left(const Visit& visit) const {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      if (!is_taken_[i]) visit(all_[i]);
    }
  }

 private:
  const std::vector<Saved>& all_;
  std::optional<sorted_names> names_;
  std::size_t next_ = 0;
  std::vector<bool> is_taken_ = std::vector<bool>(all_.size());
};

/// Those that the tensor's steps had used when it was saved, as bits.
std::uint32_t used_slots_of(const rule_info& rule, const saved_tensor& from) noexcept {
  std::uint32_t used = 0;
  for (std::size_t s = 0; s < rule.slot_count && from.step_count != 0; ++s) {
    const auto& fresh = from.fresh_slots;
    const bool is_fresh = std::find(fresh.begin(), fresh.end(), rule.slots[s].name) != fresh.end();
    if (!is_fresh && from.find(rule.slots[s].name) != nullptr) used |= 1U << s;
  }
  return used;
}

}  // namespace

/// Which group of the file each of ours is.
void optimizer::match_groups(load_plan& plan) const {
  saved_by_name saved(plan.contents.state().groups);
  for (const group_record& group : groups_) {
    const saved_group* from = saved.take(group.name.get());
    if (from == nullptr) {
      plan.problems.push_back(text_of("group", group.name.get()) + " is not in the file");
    } else {
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
  saved.for_each_left([&](const saved_group& group) {
    plan.problems.push_back("group " + in_quotes(group.name) +
                            " of the file is not in the optimizer");
  });
}

/// What keeps a tensor of the file from being this one; nothing when it fits.
std::vector<std::string> optimizer::differences(const load_plan& plan, std::size_t index,
                                                const saved_tensor& from) const {
  const tensor_record& record = records_[index];
  const gradstep_tensor& t = tensors_[index];
  const auto subject = [&] { return text_of("tensor", record.name.get()); };
  std::vector<std::string> result;
  const char* group = groups_[record.group].name.get();
  if (from.group != group) {
    result.push_back(subject() + " is of group " + in_quotes(group) + ", in the file of " +
                     in_quotes(from.group));
  }
  if (from.count != t.count) {
    result.push_back(subject() + " has " + std::to_string(t.count) + " elements, in the file " +
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
      result.push_back(subject() + ": the caller's state lacks " + rule.slots[s].name +
                       ", which the rule uses with the values of the file");
    }
  }
  need("average", t.average != nullptr, from.find("average") != nullptr);
  if (plan.settings.loads_params) need("param", true, from.find("param") != nullptr);
  return result;
}

void optimizer::match_tensors(load_plan& plan) const {
  saved_by_name saved(plan.contents.state().tensors);
  plan.tensors.reserve(records_.size());
  for (std::size_t i = 0; i < records_.size(); ++i) {
    plan.tensors.emplace_back();
    const saved_tensor* from = saved.take(records_[i].name.get());
    if (from == nullptr) {
      plan.problems.push_back(text_of("tensor", records_[i].name.get()) + " is not in the file");
      continue;
    }
    auto faults = differences(plan, i, *from);
    const bool fits = faults.empty() && plan.groups[records_[i].group] != nullptr;
    if (fits) plan.tensors.back().from = from;
    std::move(faults.begin(), faults.end(), std::back_inserter(plan.problems));
  }
  saved.for_each_left([&](const saved_tensor& tensor) {
    plan.problems.push_back("tensor " + in_quotes(tensor.name) +
                            " of the file is not in the optimizer");
  });
}

/// Plans to read what the file has of the tensor.
void optimizer::stage_tensor(load_plan& plan, std::size_t index) const {
  load_plan::tensor_plan& tensor = plan.tensors[index];
  const gradstep_tensor& t = tensors_[index];
  const dtype computed = computed_type(t.param_dtype);
  const rule_info& rule = *groups_[records_[index].group].settings.rule.entry->info;
  const std::uint32_t used =
      plan.group_settings_after[records_[index].group].used_slots() | given_slots(rule, t);
  const auto stage = [&](std::size_t array, dtype type) {
    const saved_array_type* const from = tensor.from->find(names_of(index).at(array));
    if (from == nullptr || t.count == 0) return;
    plan.staged.push_back({index, array, from, {nullptr, nullptr, type, false}});
  };
  for (std::size_t s = 0; s < rule.slot_count; ++s) {
    if ((used >> s & 1) != 0) stage(s, slot_type(t, s));
  }
  if (t.average != nullptr) stage(rule.slot_count + array_names::average, computed);
  if (plan.settings.loads_params) {
    stage(rule.slot_count + array_names::param, static_cast<dtype>(t.param_dtype));
  }
  if (tensor.from->accumulate_count == 0) return;
  stage(rule.slot_count + array_names::accumulated_grad, computed);
  if (records_[index].sum_memory.data() == nullptr) {
    tensor.sum_memory = state_block(t.count * size_of(computed));
  }
}

/// Reads all of that into one block of memory.
void optimizer::read_staged(load_plan& plan) const {
  const auto has_low = [this](const load_plan::staged_array& staged) {
    return names_of(staged.tensor).is_param(staged.index) &&
           tensors_[staged.tensor].param_low != nullptr;
  };
  // As much as what is here already, so the sum does not overflow.
  std::size_t end = 0;
  for (const auto& staged : plan.staged) {
    const std::size_t count = tensors_[staged.tensor].count;
    end += stored_size(staged.array.type, has_low(staged), count);
  }
  plan.memory = state_block(end);
  std::byte* at = plan.memory.data();
  for (auto& staged : plan.staged) {
    const std::size_t count = tensors_[staged.tensor].count;
    const bool is_split = has_low(staged);
    staged.array = array_at(at, staged.array.type, is_split, count);
    at += stored_size(staged.array.type, is_split, count);
    plan.contents.read(*plan.tensors[staged.tensor].from, *staged.from, staged.array);
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
  record.step_count = tensor.from->step_count;
  record.used_slots = used_slots_of(*groups_[record.group].settings.rule.entry->info, *tensor.from);
  record.is_inspected = false;
  if (!plan.settings.keeps_settings) record.is_frozen = tensor.from->is_frozen;
  place_gradient(index);
}

void optimizer::take_arrays(const load_plan& plan) noexcept {
  for (const load_plan::staged_array& staged : plan.staged) {
    const std::size_t count = tensors_[staged.tensor].count;
    const auto& [name, to, is_there] = array(staged.tensor, staged.index);
    if (!is_there) continue;
    std::memcpy(to.data, staged.array.data, count * size_of(to.type));
    if (to.extra == nullptr) continue;
    std::memcpy(to.extra, staged.array.extra, extra_size(to.type, true, count));
  }
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
  checkpoint_contents contents(path);
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
  read_staged(plan);
  for (std::size_t g = 0; g < groups_.size(); ++g) allocate_for(plan, g);
  // From here on nothing can fail.
  const std::lock_guard held(gate_);
  for (new_slots& added : plan.slots) put_in_place(std::move(added));
  for (std::size_t i = 0; i < records_.size(); ++i) take_tensor(plan, i);
  take_arrays(plan);
  if (!settings.keeps_settings) take_settings(plan);
  step_count_ = contents.state().step_count;
  skipped_count_ = contents.state().skipped_count;
  grad_norm_ = contents.state().grad_norm;
  return counts;
}

}  // namespace gradstep::internal
