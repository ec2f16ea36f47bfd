// SPDX-License-Identifier: Apache-2.0
//
// Matching an optimizer's groups and tensors with those of a file, by name.
#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>

#include "base/sorted_names.hpp"
#include "checkpoint/load_plan.hpp"
#include "json/json_writing.hpp"

namespace gradstep::internal {
namespace {

std::string text_of(const char* what, const char* name) {
  return std::string(what) + " " + in_quotes(name);
}

/// Finds groups or tensors of the file by name, and lists those that were not found.
template <class Saved>
class saved_by_name {
 public:
  explicit saved_by_name(const std::vector<Saved>& all) : all_(all) {}

  /// nullptr: the file has none of that name. Fastest in the order of the file.
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

/// Lists arrays that the load needs on both sides but only one side has.
void compare_arrays(const load_plan& plan, const optimizer& o, std::size_t index,
                    const saved_tensor& from, std::vector<std::string>& result) {
  const tensor_record& record = o.table.records[index];
  const tensor& t = o.table.tensors[index];
  const auto need = [&](const char* array, bool is_in_file) {
    if (!is_in_file) result.push_back(in_quotes(from.name + "." + array) + " is not in the file");
  };
  const group_settings& after = plan.groups[record.group].settings_after;
  const rule_info& rule = *after.rule.entry->info;
  const std::uint32_t used = after.used_slots(shape_of(t));
  for (std::size_t s = 0; s < rule.slot_count; ++s) {
    if ((used >> s & 1) == 0) continue;
    need(rule.slots[s].name, plan.settings.starts_missing || stored_slot(from, rule.slots[s]));
    if (!record.owns_slots && t.slots[s].data == nullptr && t.count != 0) {
      result.push_back(text_of("tensor", record.name.get()) + ": the caller's state lacks " +
                       rule.slots[s].name + ", which the rule uses with the values of the file");
    }
  }
  const bool has_average = from.find("average") != nullptr;
  if (t.average.data != nullptr) {
    need("average", plan.settings.starts_missing || has_average);
  } else if (has_average && !plan.settings.has_any_group) {
    result.push_back(in_quotes(from.name + ".average") + " of the file is not in the optimizer");
  }
  if (plan.settings.loads_params) need("param", from.find("param") != nullptr);
}

/// Only rules with slots of rows and columns depend on the shape.
bool fits_shape(const rule_info& rule, const tensor& t, const saved_tensor& from) {
  const auto has_lines = [](const slot& s) { return s.extent != slot_extent::element; };
  if (std::none_of(rule.slots, rule.slots + rule.slot_count, has_lines)) return true;
  return t.rows == from.rows && t.columns == from.columns;
}

std::string shape_text(const tensor_shape& shape) {
  if (!shape.is_matrix()) return "no rows and columns";
  return std::to_string(shape.rows) + " rows and " + std::to_string(shape.columns) + " columns";
}

/// Whether tensors of the optimizer's group can be loaded at all.
bool can_load(const load_plan& plan, std::size_t group) {
  return plan.settings.has_any_group || plan.groups[group].from != nullptr;
}

/// The name in the file of a tensor of the optimizer whose name begins with the prefix.
std::string name_in_file(const load_settings& settings, std::string_view name) {
  return settings.file_prefix + std::string(name.substr(settings.prefix.size()));
}

/// The differences between the file's tensor and the optimizer's; empty: it fits.
std::vector<std::string> differences(const load_plan& plan, const optimizer& o, std::size_t index,
                                     const saved_tensor& from) {
  const tensor_record& record = o.table.records[index];
  const std::size_t count = o.table.tensors[index].count;
  const std::string subject = text_of("tensor", record.name.get());
  std::vector<std::string> result;
  const char* group = o.groups[record.group].name.get();
  const bool fits_group = plan.settings.has_any_group || from.group == group;
  if (!fits_group) {
    result.push_back(subject + " is of group " + in_quotes(group) + ", in the file of " +
                     in_quotes(from.group));
  }
  if (from.count != count) {
    result.push_back(subject + " has " + std::to_string(count) + " elements, in the file " +
                     std::to_string(from.count));
  }
  if (!fits_shape(*o.groups[record.group].settings.rule.entry->info, o.table.tensors[index],
                  from)) {
    result.push_back(subject + " has " + shape_text(shape_of(o.table.tensors[index])) +
                     ", in the file " + shape_text(from.shape()));
  }
  if (can_load(plan, record.group) && fits_group) {
    compare_arrays(plan, o, index, from, result);
  }
  return result;
}

}  // namespace

const saved_array_type* stored_slot(const saved_tensor& from, const slot& s) {
  const saved_array_type* const found = from.find(s.name);
  const slot* const end = from.rule->slots + from.rule->slot_count;
  const auto is_it = [&](const slot& other) {
    return std::strcmp(other.name, s.name) == 0 && other.extent == s.extent;
  };
  return found != nullptr && std::any_of(from.rule->slots, end, is_it) ? found : nullptr;
}

void match_groups(load_plan& plan, const optimizer& o) {
  saved_by_name saved(plan.file.state().groups);
  const auto differ = [&](std::string difference) {
    if (!plan.settings.has_any_group) plan.problems.push_back(std::move(difference));
  };
  for (const group_record& group : o.groups) {
    const std::string_view name = group.name.get();
    const saved_group* from = group.is_removed ? nullptr : saved.take(name);
    if (group.is_removed) {
      // It has a place in the plan, and nothing else.
    } else if (from == nullptr) {
      differ(text_of("group", group.name.get()) + " is not in the file");
    } else {
      const char* rule = group.settings.rule.entry->info->name;
      const char* saved_rule = from->settings.rule.entry->info->name;
      if (std::strcmp(rule, saved_rule) != 0) {
        differ(text_of("group", group.name.get()) + " has the rule " + rule + ", in the file " +
               saved_rule);
        from = nullptr;
      }
    }
    group_settings after = group.settings;
    if (from != nullptr && !plan.settings.keeps_settings) {
      after = from->settings;
      after.slot_dtype = group.settings.slot_dtype;
    }
    plan.groups.push_back({from, std::move(after)});
  }
  saved.for_each_left([&](const saved_group& group) {
    differ("group " + in_quotes(group.name) + " of the file is not in the optimizer");
  });
}

void match_tensors(load_plan& plan, const optimizer& o) {
  saved_by_name saved(plan.file.state().tensors);
  plan.tensors.reserve(o.table.size());
  for (std::size_t i = 0; i < o.table.size(); ++i) {
    const tensor_record& record = o.table.records[i];
    auto& planned = plan.tensors.emplace_back();
    if (record.is_removed) continue;
    if (!std::string_view(record.name.get()).starts_with(plan.settings.prefix)) continue;
    const saved_tensor* from = saved.take(name_in_file(plan.settings, record.name.get()));
    if (from == nullptr) {
      plan.problems.push_back(text_of("tensor", record.name.get()) + " is not in the file");
      continue;
    }
    auto faults = differences(plan, o, i, *from);
    if (faults.empty() && can_load(plan, record.group)) planned.from = from;
    std::move(faults.begin(), faults.end(), std::back_inserter(plan.problems));
  }
  saved.for_each_left([&](const saved_tensor& tensor) {
    if (!tensor.name.starts_with(plan.settings.file_prefix)) return;
    plan.problems.push_back("tensor " + in_quotes(tensor.name) +
                            " of the file is not in the optimizer");
  });
}

}  // namespace gradstep::internal
