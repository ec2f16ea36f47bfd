// SPDX-License-Identifier: Apache-2.0
#include "optimizer/gradients.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/failure.hpp"
#include "base/float_environment.hpp"
#include "optimizer/overlaps.hpp"

namespace gradstep::internal {
namespace {

void select_uninspected(optimizer& o, double scale) noexcept {
  select_tensors(o, [&](std::size_t i) {
    const auto& known = o.table.records[i].inspected;
    const bool is_inspected = known && known->scale == scale;
    return takes_part(o.table, i) && !is_inspected;
  });
}

/// The bytes of the tensor's gradient, from the first element to the last.
std::size_t gradient_bytes(const tensor_table& table, std::size_t index) {
  const tensor& t = table.tensors[index];
  const operand& grad = table.records[index].grad;
  return elements_with_gaps(t.count, t.columns, grad.pitch) * size_of(grad.type);
}

/// 0: there are no elements, and the pointer may have any value.
std::uintptr_t address_of(const void* data, std::size_t bytes) {
  return bytes == 0 ? 0 : reinterpret_cast<std::uintptr_t>(data);
}

void replace_grad(tensor_table& table, std::size_t index, void* grad) {
  tensor_record& record = table.records[index];
  record.grad.data = grad;
  record.inspected.reset();
  place_gradient(table, index);
}

}  // namespace

void set_grad(optimizer& o, std::size_t tensor, void* grad) {
  const std::size_t bytes = gradient_bytes(o.table, tensor);
  const void* const before = o.table.records[tensor].grad.data;
  const std::uintptr_t begin = address_of(grad, bytes);
  const std::lock_guard held(o.gate);
  if (begin != 0) check_new_grad(o.table, begin, bytes);
  o.table.caller_arrays.move_grad(tensor, address_of(before, bytes), begin, bytes);
  replace_grad(o.table, tensor, grad);
}

void set_grads(optimizer& o, std::size_t first, std::span<void* const> grads) {
  std::vector<array_registry::grad> all;
  all.reserve(o.table.present.size());
  for (const std::uint32_t i : o.table.present) {
    const void* const grad =
        i - first < grads.size() ? grads[i - first] : o.table.records[i].grad.data;
    const std::size_t bytes = grad == nullptr ? 0 : gradient_bytes(o.table, i);
    const std::uintptr_t begin = address_of(grad, bytes);
    if (begin != 0) all.push_back({begin, i, begin + bytes});
  }
  if (!std::is_sorted(all.begin(), all.end())) std::sort(all.begin(), all.end());
  const std::lock_guard held(o.gate);
  check_new_grads(o.table, all, first, grads.size());
  o.table.caller_arrays.set_grads(all);
  for (const std::uint32_t i : o.table.present) {
    if (i - first < grads.size()) replace_grad(o.table, i, grads[i - first]);
  }
}

void inspect(optimizer& o, std::size_t tensor, double grad_scale) {
  const double scale = total_scale(o, grad_scale);
  if (tensor == all_tensors) {
    check_grads_apart(o, tensor);
    select_uninspected(o, scale);
    o.lists.sums.resize(o.lists.selected.size());
    return inspect_these(o, o.lists.selected, o.lists.sums, scale);
  }
  if (!takes_part(o.table, tensor)) return;
  check_grads_apart(o, tensor);
  const auto index = static_cast<std::uint32_t>(tensor);
  norm_sum sum{};
  inspect_these(o, {&index, 1}, {&sum, 1}, scale);
}

void inspect_these(optimizer& o, std::span<const std::uint32_t> tensors, std::span<norm_sum> sums,
                   double scale) noexcept {
  const tensor_list list(o.table.tensors.data(), tensors);
  sum_gradients(o.context, list, norm_view::as_stepped, scale, sums.data());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    o.table.records[tensors[i]].inspected = inspection{sums[i], scale};
  }
}

void place_gradient(tensor_table& table, std::size_t index) noexcept {
  tensor& t = table.tensors[index];
  const bool is_sum = table.records[index].has_sum() && t.count != 0;
  t.grad = is_sum ? table.sum(index) : table.records[index].grad;
}

double total_scale(const optimizer& o, double grad_scale) {
  if (!o.loss_scaler) return grad_scale;
  const double loss_scale = o.loss_scaler->scale;
  const double scale =
      in_step_environment(o.context.flush_to_zero, [&] { return grad_scale * (1 / loss_scale); });
  if (std::isfinite(scale)) return scale;
  refuse(GRADSTEP_OUT_OF_RANGE, "grad_scale = %s times 1 / loss scale = 1 / %s is not finite",
         to_text(grad_scale).text, to_text(loss_scale).text);
}

void check_count(const tensor_record* record, const char* name, std::uint64_t count) {
  if (count < most_counted) return;
  const std::string owner = record == nullptr ? std::string("the optimizer")
                                              : std::string("tensor ") + record->quoted_name().text;
  refuse(GRADSTEP_OUT_OF_RANGE, "%s has %s of 2^53, the most that is counted and saved",
         owner.c_str(), name);
}

void check_not_stepped(const tensor_table& table, std::size_t tensor) {
  if (!table.records[tensor].is_stepped) return;
  refuse(GRADSTEP_WRONG_ORDER, "tensor %s was stepped already: end the step first",
         table.records[tensor].quoted_name().text);
}

}  // namespace gradstep::internal
