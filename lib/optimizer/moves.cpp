// SPDX-License-Identifier: Apache-2.0
#include "optimizer/moves.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/failure.hpp"
#include "optimizer/overlaps.hpp"
#include "optimizer/rule_state.hpp"
#include "optimizer/tensor_changes.hpp"
#include "step/array_conversion.hpp"

namespace gradstep::internal {
namespace {

/// For each slot of a rule: the slot of another rule with the same name and extent, or no_index.
struct slot_sources {
  std::size_t from[max_slots];
};

slot_sources match_slots(const rule_info& old_rule, const rule_info& new_rule) noexcept {
  slot_sources sources{};
  for (std::size_t s = 0; s < new_rule.slot_count; ++s) {
    const slot& wanted = new_rule.slots[s];
    const slot* const end = old_rule.slots + old_rule.slot_count;
    const slot* const found = std::find_if(old_rule.slots, end, [&](const slot& other) {
      return std::strcmp(other.name, wanted.name) == 0 && other.extent == wanted.extent;
    });
    sources.from[s] = found == end ? no_index : static_cast<std::size_t>(found - old_rule.slots);
  }
  return sources;
}

/// A move of a tensor between groups.
class move {
 public:
  move(const optimizer& o, std::size_t index, std::size_t group)
      : o_(o),
        index_(index),
        record_(o.table.records[index]),
        old_(o.table.tensors[index]),
        settings_(o.groups[group].settings),
        old_rule_(*o.groups[record_.group].settings.rule.entry->info),
        rule_(*settings_.rule.entry->info),
        used_(settings_.used_slots(shape_of(old_))),
        sources_(match_slots(old_rule_, rule_)),
        new_(old_) {}

  void check() const {
    if (&old_rule_ != &rule_ && mode_of(o_, index_) != 0) {
      refuse(GRADSTEP_WRONG_ORDER,
             "the param of tensor %s is transformed: the transform that leads back comes before a "
             "move to another rule",
             record_.quoted_name().text);
    }
    const bool is_whole =
        old_.first_index == 0 && (old_.whole_count == 0 || old_.whole_count == old_.count);
    if (!is_whole && settings_.rule.entry->has_passes) {
      refuse(GRADSTEP_UNSUPPORTED,
             "tensor %s is a piece of a tensor, but %s sums over whole tensors",
             record_.quoted_name().text, rule_.name);
    }
  }

  /// Everything that the tensor will have, allocated and set.
  tensor_change make() {
    tensor_change change{};
    record_.owns_slots ? carry_memory(change) : carry_pointers();
    check_blocks(rule_, new_, "tensor");
    change.index = static_cast<std::uint32_t>(index_);
    change.keeps_scalars = &old_rule_ == &rule_;
    if (!change.keeps_scalars) change.scalars = scalars();
    change.workspace = state_block(workspace_size(settings_, new_));
    change.tensor = new_;
    return change;
  }

  /// The slots of the new rule that a step has used.
  std::uint32_t used_slots() const {
    std::uint32_t used = 0;
    for (std::size_t s = 0; s < rule_.slot_count; ++s) {
      if (is_carried(s)) used |= (record_.used_slots >> sources_.from[s] & 1) << s;
    }
    return used;
  }

 private:
  /// Slots of the library that another rule does not use are freed. An empty tensor has its slots
  /// without memory.
  bool is_carried(std::size_t s) const {
    const std::size_t from = sources_.from[s];
    if (from == no_index) return false;
    const bool is_freed = record_.owns_slots && &old_rule_ != &rule_ && (used_ >> s & 1) == 0;
    return !is_freed && (old_.slots[from].data != nullptr || old_.count == 0);
  }

  /// Whether a slot of the rule may have the dtype, beside a param of the same arithmetic.
  static bool suits(const slot& of, dtype type) {
    return type != dtype::unsigned8 || of.is_non_negative;
  }

  void carry_pointers() {
    new_.slot_count = rule_.slot_count;
    for (std::size_t s = 0; s < rule_.slot_count; ++s) {
      const bool is_there = is_carried(s);
      new_.slots[s] = is_there ? old_.slots[sources_.from[s]] : operand{};
      if (!is_there || old_.count == 0 || suits(rule_.slots[s], new_.slots[s].type)) continue;
      refuse(GRADSTEP_INVALID_ARGUMENT,
             "%s of tensor %s, which the caller owns, has an 8-bit dtype without a sign, but %s "
             "needs the sign",
             rule_.slots[s].name, record_.quoted_name().text, rule_.name);
    }
    const std::uint32_t missing = used_ & ~given_slots(new_);
    if (missing != 0 && old_.count != 0) refuse_missing_slot(rule_, missing, record_);
    forget_unused_dtypes(new_, used_);
  }

  void carry_memory(tensor_change& change) {
    if (&old_rule_ == &rule_ && (used_ & ~given_slots(old_)) == 0) return;
    plan_slots(settings_, new_);
    std::uint32_t mask = used_;
    for (std::size_t s = 0; s < rule_.slot_count; ++s) {
      if (!is_carried(s)) continue;
      mask |= 1U << s;
      const dtype type = old_.slots[sources_.from[s]].type;
      if (suits(rule_.slots[s], type)) new_.slots[s].type = type;
    }
    change.slots =
        allocate_slots(o_.context, settings_.rule, mask, new_, static_cast<std::uint32_t>(index_));
    for (std::size_t s = 0; s < rule_.slot_count && old_.count != 0; ++s) {
      if (!is_carried(s)) continue;
      convert_array(o_.context, old_.slots[sources_.from[s]], change.slots->slots[s],
                    slot_elements(rule_.slots[s].extent, shape_of(old_)));
    }
  }

  /// The new rule's scalars; those that the old rule has too with its values.
  std::unique_ptr<double[]> scalars() {
    auto values = allocate_scalars(settings_.rule);
    new_.scalars = nullptr;
    if (values == nullptr || old_.scalars == nullptr) return values;
    for (std::size_t i = 0; i < rule_.scalars.size(); ++i) {
      const std::size_t from = find_scalar(old_rule_, rule_.scalars[i].name);
      if (from == no_index || rule_.scalars[i].scope != scalar_scope::tensor) continue;
      if (old_rule_.scalars[from].scope != scalar_scope::tensor) continue;
      values[place_in_scope(rule_, i)] = old_.scalars[place_in_scope(old_rule_, from)];
    }
    return values;
  }

  const optimizer& o_;
  std::size_t index_;
  const tensor_record& record_;
  const tensor& old_;
  const group_settings& settings_;
  const rule_info& old_rule_;
  const rule_info& rule_;
  std::uint32_t used_;  // bit s: the new group's rule uses slot s
  slot_sources sources_;
  tensor new_;
};

}  // namespace

void move_tensor(optimizer& o, std::size_t tensor, std::size_t group) {
  tensor_record& record = o.table.records[tensor];
  if (record.group == group) return;
  move moved(o, tensor, group);
  moved.check();
  tensor_change change = moved.make();
  const std::uint32_t used = moved.used_slots();
  group_record& from = o.groups[record.group];
  group_record& to = o.groups[group];
  const std::lock_guard held(o.gate);
  reserve_one_more(to.members);
  if (to.settings.rule.entry->sums_over_all()) o.lists.requests.reserve(o.table.tensors.capacity());
  replace_arrays(o.table, *to.settings.rule.entry->info, change.tensor, tensor, "tensor");
  // From here on nothing can fail.
  put_in_place(o, std::move(change));
  std::erase(from.members, static_cast<std::uint32_t>(tensor));
  const auto place = std::lower_bound(to.members.begin(), to.members.end(), tensor);
  to.members.insert(place, static_cast<std::uint32_t>(tensor));
  record.group = static_cast<std::uint32_t>(group);
  record.used_slots = used;
}

}  // namespace gradstep::internal
