// SPDX-License-Identifier: Apache-2.0
#include "optimizer/relayout.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/failure.hpp"
#include "optimizer/gradients.hpp"
#include "optimizer/item_sources.hpp"
#include "optimizer/overlaps.hpp"
#include "optimizer/rule_state.hpp"
#include "optimizer/tensor_changes.hpp"
#include "step/array_conversion.hpp"

namespace gradstep::internal {
namespace {

using number = unsigned long long;  // for printf
using way = item_sources::way;

void check_same_shape(const tensor& before, const tensor& after) {
  if (after.count != before.count) {
    refuse(
        GRADSTEP_INVALID_ARGUMENT,
        "arrays.count = %llu, but the tensor has %llu elements: source_count = 0 keeps the count",
        number{after.count}, number{before.count});
  }
  if (after.rows == before.rows && after.columns == before.columns) return;
  refuse(
      GRADSTEP_INVALID_ARGUMENT,
      "arrays.rows = %llu and columns = %llu, but the tensor has %llu and %llu: source_count = 0 "
      "keeps the shape",
      number{after.rows}, number{after.columns}, number{before.rows}, number{before.columns});
}

/// The items of the new tensor and where they come from.
item_sources read_sources(const tensor& before, const tensor& after,
                          std::span<const std::int64_t> sources) {
  const std::size_t new_items = sources.size();
  if (new_items == 0) return {sources, 0};
  if (after.count == 0 || after.count % new_items != 0) {
    refuse(GRADSTEP_INVALID_ARGUMENT,
           "arrays.count = %llu is not a positive multiple of source_count = %zu",
           number{after.count}, new_items);
  }
  const std::size_t item = after.count / new_items;
  if (before.count % item != 0) {
    refuse(
        GRADSTEP_INVALID_ARGUMENT,
        "arrays.count / source_count = %zu is the size of an item, but the tensor's count = %llu "
        "is no multiple of it",
        item, number{before.count});
  }
  const std::size_t old_items = before.count / item;
  for (std::size_t i = 0; i < new_items; ++i) {
    if (sources[i] == -1) continue;
    if (sources[i] >= 0 && static_cast<std::uint64_t>(sources[i]) < old_items) continue;
    refuse(
        GRADSTEP_OUT_OF_RANGE,
        "sources[%zu] = %lld is neither -1 nor the index of an item: the tensor has %zu items of "
        "%zu elements",
        i, static_cast<long long>(sources[i]), old_items, item);
  }
  return {sources, item};
}

/// A tensor's state for other items than before.
class resized_state {
 public:
  resized_state(const optimizer& o, std::size_t index, const tensor& after,
                const item_sources& items)
      : o_(o),
        index_(index),
        record_(o.table.records[index]),
        before_(o.table.tensors[index]),
        settings_(o.groups[record_.group].settings),
        rule_(*settings_.rule.entry->info),
        after_(after),
        items_(items) {}

  /// The slots, which the library owns.
  new_slots slots() {
    plan_slots(settings_, after_);
    check_blocks(rule_, after_, "arrays");
    const std::uint32_t mask = settings_.used_slots(shape_of(after_)) | given_slots(before_);
    check(mask);
    new_slots made = allocate_slots(o_.context, settings_.rule, mask, after_,
                                    static_cast<std::uint32_t>(index_));
    for (std::size_t s = 0; s < rule_.slot_count; ++s) {
      if ((mask >> s & 1) != 0) carry(s, made.slots[s]);
    }
    return made;
  }

  /// The accumulated sum; empty: there is none, or it has no elements.
  state_block sum() const {
    if (!record_.has_sum() || after_.count == 0) return {};
    operand sum = o_.table.sum(index_);
    state_block memory(after_.count * size_of(sum.type));
    const operand made{memory.data(), nullptr, sum.type, false};
    fill_array(o_.context, made, after_.count, 0);
    if (before_.count != 0) {
      gather_items(o_.context, sum, before_.count, made, after_.count, items_.sources, items_.item);
    }
    return memory;
  }

 private:
  item_sources::plan plan_for(std::size_t s) const {
    return items_.plan_for(rule_.slots[s].extent, shape_of(before_), shape_of(after_));
  }

  void check(std::uint32_t mask) const {
    for (std::size_t s = 0; s < rule_.slot_count; ++s) {
      if ((mask >> s & 1) == 0) continue;
      const way how = plan_for(s).how;
      const bool is_lost = how != way::begin && before_.slots[s].data == nullptr;
      if (how != way::none && !is_lost) continue;
      refuse(GRADSTEP_UNSUPPORTED,
             "%s of tensor %s has one number per %s, which items of %zu elements do not carry over",
             rule_.slots[s].name, record_.quoted_name().text, name_of(rule_.slots[s].extent),
             items_.item);
    }
  }

  static const char* name_of(slot_extent extent) {
    static constexpr const char* names[] = {"element", "row", "column", "matrix", "tensor"};
    return names[static_cast<std::size_t>(extent)];
  }

  void carry(std::size_t s, const operand& to) const {
    const slot_extent extent = rule_.slots[s].extent;
    const std::size_t old_count = slot_elements(extent, shape_of(before_));
    const std::size_t new_count = slot_elements(extent, shape_of(after_));
    const auto [how, numbers] = plan_for(s);
    const operand& from = before_.slots[s];
    if (how == way::keep) convert_array(o_.context, from, to, new_count);
    if (how != way::gather) return;
    gather_items(o_.context, from, old_count, to, new_count, items_.sources, numbers);
  }

  const optimizer& o_;
  std::size_t index_;
  const tensor_record& record_;
  const tensor& before_;
  const group_settings& settings_;
  const rule_info& rule_;
  tensor after_;  // its slots are planned
  item_sources items_;
};

/// The tensor with what the library has for it: its key, slots and scalars. slots: those that the
/// library owns.
tensor with_state(const optimizer& o, std::size_t index, const tensor& given,
                  const operand* slots) {
  const tensor_record& record = o.table.records[index];
  const group_settings& settings = o.groups[record.group].settings;
  tensor after = given;
  if (after.key == 0) after.key = o.table.tensors[index].key;
  if (record.owns_slots) {
    after.slot_count = o.table.tensors[index].slot_count;
    std::copy_n(slots, max_slots, after.slots);
    check_blocks(*settings.rule.entry->info, after, "arrays");
  } else {
    forget_unused_dtypes(after, settings.used_slots(shape_of(after)));
  }
  if (record.scalar_memory != nullptr) after.scalars = record.scalar_memory.get();
  return after;
}

void check_may_resize(const tensor_record& record, const tensor& given,
                      std::span<const std::int64_t> sources) {
  if (record.owns_slots) return;
  refuse(GRADSTEP_INVALID_ARGUMENT,
         "source_count = %zu with arrays.count = %llu would carry over the state of tensor %s, but "
         "its slots are the caller's",
         sources.size(), number{given.count}, record.quoted_name().text);
}

}  // namespace

void set_param(optimizer& o, std::size_t tensor, const internal::tensor& given,
               std::span<const std::int64_t> sources) {
  tensor_record& record = o.table.records[tensor];
  const internal::tensor& before = o.table.tensors[tensor];
  const group_settings& settings = o.groups[record.group].settings;
  const bool is_resized = !sources.empty() || (given.count == 0 && before.count != 0);
  tensor_change change{};
  change.index = static_cast<std::uint32_t>(tensor);
  state_block sum;
  if (is_resized) {
    check_may_resize(record, given, sources);
    resized_state state(o, tensor, given, read_sources(before, given, sources));
    change.slots = state.slots();
    sum = state.sum();
  } else {
    check_same_shape(before, given);
  }
  change.tensor = with_state(o, tensor, given, change.slots ? change.slots->slots : before.slots);
  change.workspace = state_block(workspace_size(settings, change.tensor));
  const std::lock_guard held(o.gate);
  replace_arrays(o.table, *settings.rule.entry->info, change.tensor, tensor, "arrays");
  // From here on nothing can fail.
  if (is_resized && record.sum_memory.data() != nullptr) {
    o.table.state_bytes -= o.table.sum_bytes(tensor);
  }
  put_in_place(o, std::move(change));
  if (is_resized) record.sum_memory = std::move(sum);
  if (is_resized && record.sum_memory.data() != nullptr) {
    o.table.state_bytes += o.table.sum_bytes(tensor);
  }
  if (given.average.data == nullptr) record.average_count = 0;
  record.grad = given.grad;
  record.inspected.reset();
  place_gradient(o.table, tensor);
}

}  // namespace gradstep::internal
