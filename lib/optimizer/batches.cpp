// SPDX-License-Identifier: Apache-2.0
#include "optimizer/batches.hpp"

#include <algorithm>
#include <compare>
#include <span>
#include <utility>

#include "optimizer/gradients.hpp"
#include "optimizer/rule_state.hpp"

namespace gradstep::internal {
namespace {

using index_span = std::span<const std::uint32_t>;

/// Tensors of one group whose keys are equal take their step together.
struct batch_key {
  std::uint64_t step_count;
  bool has_sum;
  bool has_fresh_slots;
  std::uint64_t average_count;  // alike for all counts that the step does not tell apart
  // NOLINTNEXTLINE(modernize-use-nullptr): it takes the 0 that < compares with for a pointer
  auto operator<=>(const batch_key&) const = default;
};

std::uint64_t average_count_of(const optimizer& o, std::uint32_t tensor) {
  const step_options& options = o.options.around;
  if (!options.updates_average || o.table.tensors[tensor].average.data == nullptr) return 1;
  const std::uint64_t count = o.table.records[tensor].average_count;
  return options.averages_equally ? count : std::min<std::uint64_t>(count, 1);
}

batch_key key_of(const optimizer& o, const group_record& group, std::uint32_t tensor) {
  const tensor_record& record = o.table.records[tensor];
  const std::uint32_t slots = group.step_slots(o.table.tensors[tensor]);
  return {record.step_count, record.has_sum(), (slots & ~record.used_slots) != 0,
          average_count_of(o, tensor)};
}

/// batch: tensors whose keys are equal; not empty.
step_request request_for(optimizer& o, const group_record& group, index_span batch) {
  step_request r{.rule = *group.step_rule.entry,
                 .values = group.step_rule.values,
                 .tensors = tensor_list(o.table.tensors.data(), batch)};
  const batch_key key = key_of(o, group, batch[0]);
  r.step = key.step_count + 1;
  r.has_fresh_slots = key.has_fresh_slots;
  r.grad_scale = o.step.scale;
  r.clip_factor = group.step_clip_factor;
  r.options = o.options.around;
  r.average_count = key.average_count;
  r.options.zeroes_grad |= key.has_sum;
  shared_scalars* const shared = find_shared(o.shared_scalars, r.rule);
  if (shared != nullptr) r.shared_scalars = shared->values;
  if (has_param_slots(*r.rule.info)) {
    for (const std::uint32_t index : batch) refresh_param_slots(o, index);
  }
  return r;
}

/// Calls use(batch) for each batch of the group. Batches are parts of o.lists.batch_order, to which
/// the group's tensors that take part are added.
template <class Use>
void for_each_batch(optimizer& o, const group_record& group, const Use& use) {
  const auto key = [&](std::uint32_t index) { return key_of(o, group, index); };
  std::vector<std::uint32_t>& order = o.lists.batch_order;
  const std::size_t first = order.size();
  bool is_one_batch = true;
  for (const std::uint32_t index : group.members) {
    if (!takes_part(o.table, index)) continue;
    order.push_back(index);
    is_one_batch = is_one_batch && key(index) == key(order[first]);
  }
  if (!is_one_batch) {
    std::sort(order.begin() + static_cast<std::ptrdiff_t>(first), order.end(),
              [&](std::uint32_t a, std::uint32_t b) {
                return std::pair(key(a), a) < std::pair(key(b), b);
              });
  }
  const index_span all(order);
  for (std::size_t begin = first; begin < all.size();) {
    std::size_t end = all.size();
    if (!is_one_batch) {
      const auto batch_key = key(all[begin]);
      for (end = begin + 1; end < all.size() && key(all[end]) == batch_key;) ++end;
    }
    use(all.subspan(begin, end - begin));
    begin = end;
  }
}

/// Sets the scalars that a rule has for all tensors to their initial values before the first step.
void begin_shared(optimizer& o, const rule_values& rule) {
  shared_scalars* const shared = find_shared(o.shared_scalars, *rule.entry);
  if (shared == nullptr || shared->is_used) return;
  set_initial_scalars(rule, scalar_scope::all, shared->values);
}

bool is_zeroed(const optimizer& o, std::size_t tensor) {
  return o.options.around.zeroes_grad || o.table.records[tensor].has_sum();
}

}  // namespace

std::uint64_t update_group(optimizer& o, const group_record& group) noexcept {
  std::uint64_t piece_count = 0;
  o.lists.batch_order.clear();
  for_each_batch(o, group, [&](index_span batch) {
    step_request r = request_for(o, group, batch);
    piece_count += update_tensors(o.context, r).piece_count;
  });
  return piece_count;
}

pass_outcome update_groups_of(optimizer& o, const rule_entry& rule) noexcept {
  o.lists.batch_order.clear();
  o.lists.requests.clear();
  bool is_begun = false;
  for (const group_record& group : o.groups) {
    if (group.step_rule.entry != &rule || group.members.empty()) continue;
    if (!is_begun) begin_shared(o, group.step_rule);
    is_begun = true;
    for_each_batch(o, group, [&](index_span batch) {
      o.lists.requests.push_back(request_for(o, group, batch));
    });
  }
  if (o.lists.requests.empty()) return {};
  const pass_outcome outcome = update_tensors(o.context, std::span(o.lists.requests));
  shared_scalars* const shared = find_shared(o.shared_scalars, rule);
  if (shared != nullptr && !outcome.is_stopped) shared->is_used = true;
  return outcome;
}

std::uint64_t update_tensor(optimizer& o, std::size_t tensor) noexcept {
  const auto index = static_cast<std::uint32_t>(tensor);
  step_request r = request_for(o, o.groups[o.table.records[tensor].group], {&index, 1});
  return update_tensors(o.context, r).piece_count;
}

std::uint64_t zero_selected(optimizer& o) noexcept {
  o.lists.batch_order.clear();
  for (const std::uint32_t index : o.lists.selected) {
    if (is_zeroed(o, index)) o.lists.batch_order.push_back(index);
  }
  return zero_gradients(o.context, tensor_list(o.table.tensors.data(), o.lists.batch_order));
}

std::uint64_t zero_tensor(const optimizer& o, std::size_t tensor) noexcept {
  if (!is_zeroed(o, tensor)) return 0;
  const auto index = static_cast<std::uint32_t>(tensor);
  return zero_gradients(o.context, tensor_list(o.table.tensors.data(), index_span(&index, 1)));
}

}  // namespace gradstep::internal
