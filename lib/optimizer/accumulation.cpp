// SPDX-License-Identifier: Apache-2.0
#include "optimizer/accumulation.hpp"

#include <cstddef>
#include <mutex>
#include <span>

#include "base/failure.hpp"
#include "optimizer/gradients.hpp"
#include "optimizer/overlaps.hpp"

namespace gradstep::internal {
namespace {

using index_span = std::span<const std::uint32_t>;

/// sgd at rate 1, upwards: p <- p + g.
rule_values ascent_at_rate_1() {
  rule_values rule = with_defaults(*find_rule("sgd"));
  rule.values[rule.entry->lr] = 1;
  rule.values[rule.entry->maximize] = 1;
  return rule;
}

void check_may_accumulate(const tensor_table& table, std::size_t tensor) {
  check_not_stepped(table, tensor);
  const tensor_record& record = table.records[tensor];
  check_count(&record, "an accumulate_count", record.accumulate_count);
}

/// Selects the tensors that accumulate. Throws if one of them cannot.
void select_accumulating(optimizer& o) {
  select_tensors(o, [&](std::size_t i) {
    const tensor_record& record = o.table.records[i];
    if (record.is_frozen || record.grad.data == nullptr) return false;
    check_may_accumulate(o.table, i);
    return true;
  });
}

/// Memory, all zeros, for the sums that these tensors lack; an empty block for each of the others.
std::vector<state_block> allocate_sums(const optimizer& o, index_span tensors) {
  std::vector<state_block> blocks(tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::size_t count = o.table.tensors[tensors[i]].count;
    operand sum = o.table.sum(tensors[i]);
    if (sum.data != nullptr || count == 0) continue;
    blocks[i] = state_block(o.table.sum_bytes(tensors[i]));
    sum.data = blocks[i].data();
    fill_array(o.context, sum, count, 0);
  }
  return blocks;
}

void read_accumulating(const void* element, std::uint32_t, tensor& into) {
  const auto& from = *static_cast<const accumulating_tensor*>(element);
  into.count = from.count;
  into.param = from.sum;
  into.grad = from.grad;
  into.slot_count = 0;
  into.copy.data = into.average.data = into.delta.data = nullptr;
  into.first_index = into.key = 0;
  into.rows = from.rows;
  into.columns = from.columns;
  into.whole_count = 0;
  into.scalars = nullptr;
  into.workspace = nullptr;
}

operand accumulating_gradient(const void* element) {
  return static_cast<const accumulating_tensor*>(element)->grad;
}

tensor_shape accumulating_shape(const void* element) {
  const auto& of = *static_cast<const accumulating_tensor*>(element);
  return {of.count, of.rows, of.columns};
}

constexpr element_reader reader_of_accumulating{
    .count_offset = offsetof(accumulating_tensor, count),
    .param_type_offset = offsetof(accumulating_tensor, sum) + offsetof(operand, type),
    .read = read_accumulating,
    .gradient = accumulating_gradient,
    .shape = accumulating_shape};

/// list: one element per tensor, to work with.
void add_to_sums(optimizer& o, index_span tensors, std::span<accumulating_tensor> list,
                 double scale) {
  std::vector<state_block> blocks = allocate_sums(o, tensors);
  // From here on nothing can fail.
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    if (blocks[i].data() != nullptr) {
      const std::lock_guard held(o.gate);
      o.table.records[tensors[i]].sum_memory = std::move(blocks[i]);
      o.table.state_bytes += o.table.sum_bytes(tensors[i]);
    }
    const tensor& t = o.table.tensors[tensors[i]];
    list[i] = {t.count, t.rows, t.columns, o.table.sum(tensors[i]),
               o.table.records[tensors[i]].grad};
  }
  const rule_values ascent = ascent_at_rate_1();
  step_request request{.rule = *ascent.entry,
                       .values = ascent.values,
                       .tensors = tensor_list(list.data(), sizeof(accumulating_tensor), list.size(),
                                              reader_of_accumulating)};
  request.grad_scale = scale;
  request.options.zeroes_grad = o.options.around.zeroes_grad;
  update_tensors(o.context, request);
  const std::lock_guard held(o.gate);
  for (const std::uint32_t index : tensors) {
    ++o.table.records[index].accumulate_count;
    o.table.records[index].inspected.reset();
    place_gradient(o.table, index);
  }
}

}  // namespace

void accumulate(optimizer& o, std::size_t tensor, double scale) {
  check_grads_apart(o, tensor);
  if (tensor == all_tensors) {
    select_accumulating(o);
    o.lists.accumulating.resize(o.lists.selected.size());
    return add_to_sums(o, o.lists.selected, o.lists.accumulating, scale);
  }
  const tensor_record& record = o.table.records[tensor];
  if (record.grad.data == nullptr) {
    refuse(GRADSTEP_INVALID_ARGUMENT, "tensor %s has no gradient", record.quoted_name().text);
  }
  check_may_accumulate(o.table, tensor);
  const auto index = static_cast<std::uint32_t>(tensor);
  accumulating_tensor element;
  add_to_sums(o, {&index, 1}, {&element, 1}, scale);
}

}  // namespace gradstep::internal
