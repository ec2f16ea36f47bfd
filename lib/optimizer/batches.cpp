// SPDX-License-Identifier: Apache-2.0
#include "optimizer/batches.hpp"

#include <algorithm>
#include <compare>
#include <span>
#include <utility>

#include "optimizer/gradients.hpp"

namespace gradstep::internal {
namespace {

using index_span = std::span<const std::uint32_t>;

/// Tensors of one group whose keys are equal take their step together.
struct batch_key {
  std::uint64_t step_count;
  bool has_sum;
  bool has_fresh_slots;
  // NOLINTNEXTLINE(modernize-use-nullptr): it takes the 0 that < compares with for a pointer
  auto operator<=>(const batch_key&) const = default;
};

batch_key key_of(const optimizer& o, const group_record& group, std::uint32_t tensor) {
  const tensor_record& record = o.table.records[tensor];
  return {record.step_count, record.has_sum(), (group.step_slots & ~record.used_slots) != 0};
}

/// batch: tensors whose keys are equal; not empty.
std::uint64_t update_batch(const optimizer& o, const group_record& group, index_span batch) {
  step_request r{.rule = *group.step_rule.entry,
                 .values = group.step_rule.values,
                 .tensors = tensor_list(o.table.tensors.data(), batch)};
  const batch_key key = key_of(o, group, batch[0]);
  r.step = key.step_count + 1;
  r.has_fresh_slots = key.has_fresh_slots;
  r.grad_scale = o.step.scale;
  r.clip_factor = o.step.result.verdict.clip_factor;
  r.options = o.options.around;
  r.options.zeroes_grad |= key.has_sum;
  return update_tensors(o.context, r);
}

bool is_zeroed(const optimizer& o, std::size_t tensor) {
  return o.options.around.zeroes_grad || o.table.records[tensor].has_sum();
}

}  // namespace

std::uint64_t update_group(optimizer& o, const group_record& group) noexcept {
  const auto key = [&](std::uint32_t index) { return key_of(o, group, index); };
  std::vector<std::uint32_t>& order = o.lists.batch_order;
  order.clear();
  bool is_one_batch = true;
  for (const std::uint32_t index : group.members) {
    if (!takes_part(o.table, index)) continue;
    order.push_back(index);
    is_one_batch = is_one_batch && key(index) == key(order[0]);
  }
  if (!is_one_batch) {
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::pair(key(a), a) < std::pair(key(b), b);
    });
  }
  const index_span all(order);
  std::uint64_t piece_count = 0;
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = all.size();
    if (!is_one_batch) {
      const auto batch_key = key(all[begin]);
      for (end = begin + 1; end < all.size() && key(all[end]) == batch_key;) ++end;
    }
    piece_count += update_batch(o, group, all.subspan(begin, end - begin));
    begin = end;
  }
  return piece_count;
}

std::uint64_t update_tensor(const optimizer& o, std::size_t tensor) noexcept {
  const auto index = static_cast<std::uint32_t>(tensor);
  return update_batch(o, o.groups[o.table.records[tensor].group], {&index, 1});
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
