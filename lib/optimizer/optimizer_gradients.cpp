// SPDX-License-Identifier: Apache-2.0
//
// Where gradients are: the caller's arrays, sums over micro-batches, and what was read of them.
#include <cmath>
#include <string>

#include "base/failure.hpp"
#include "base/text.hpp"
#include "optimizer/optimizer.hpp"
#include "step/ranges.hpp"

namespace gradstep::internal {
namespace {

/// sum <- sum + scale grad, for tensors whose param is the sum: a step of plain descent at rate 1,
/// upwards.
step_request accumulation(const rule_values& ascent, const tensor_list& sums, double scale,
                          bool zeroes_grad) {
  step_request r{.rule = *ascent.entry, .values = ascent.values, .tensors = sums};
  r.grad_scale = scale;
  r.options.zeroes_grad = zeroes_grad;
  return r;
}

rule_values ascent_at_rate_1() {
  rule_values rule = with_defaults(*find_rule("sgd"));
  rule.values[rule.entry->lr] = 1;
  rule.values[rule.entry->maximize] = 1;
  return rule;
}

}  // namespace

bool optimizer::takes_part(std::size_t tensor) const noexcept {
  const gradstep_tensor& t = tensors_[tensor];
  if (records_[tensor].is_frozen) return false;
  return t.grad != nullptr || (t.count == 0 && has_sum(tensor));
}

/// Makes a step read what is the tensor's gradient now.
void optimizer::place_gradient(std::size_t tensor) noexcept {
  const tensor_record& record = records_[tensor];
  gradstep_tensor& t = tensors_[tensor];
  const bool is_sum = has_sum(tensor) && t.count != 0;
  t.grad = is_sum ? record.sum_memory.data() : record.grad;
  t.grad_dtype =
      is_sum ? static_cast<std::int32_t>(computed_type(t.param_dtype)) : record.grad_dtype;
}

void optimizer::check_not_stepped(std::size_t tensor) const {
  if (!records_[tensor].is_stepped) return;
  throw failure(GRADSTEP_WRONG_ORDER, std::string("tensor ") +
                                          quoted(records_[tensor].name.get()).text +
                                          " was stepped already: end the step first");
}

void optimizer::check_may_accumulate(std::size_t tensor) const {
  check_not_stepped(tensor);
  if (records_[tensor].accumulate_count < static_cast<std::uint64_t>(last_step)) return;
  throw failure(GRADSTEP_OUT_OF_RANGE,
                std::string("tensor ") + quoted(records_[tensor].name.get()).text +
                    " has an accumulate_count of 2^53, the most that is counted and saved");
}

/// Of one tensor, or of all: what is looked at or zeroed for one would be another's too.
void optimizer::check_grads_apart(std::size_t tensor) const {
  const std::lock_guard held(gate_);
  if (!arrays_.has_overlapping_grads()) return;
  const auto pair =
      tensor == all_tensors ? arrays_.overlapping_grads() : arrays_.overlapping_grads(tensor);
  if (!pair) return;
  const auto name = [&](std::size_t index) {
    return std::string(quoted(records_[index].name.get()).text);
  };
  throw failure(GRADSTEP_INVALID_ARGUMENT,
                "the gradients of tensors " + name(pair->first) + " and " + name(pair->second) +
                    " overlap: gradstep_optimizer_set_grad has to part them first");
}

void optimizer::set_grad(std::size_t tensor, void* grad) {
  tensor_record& record = records_[tensor];
  const std::size_t bytes = tensors_[tensor].count * size_of(static_cast<dtype>(record.grad_dtype));
  const auto address = [&](const void* data) {
    return bytes == 0 ? 0 : reinterpret_cast<std::uintptr_t>(data);
  };
  const std::uintptr_t begin = address(grad);
  const std::lock_guard held(gate_);
  if (begin != 0) {
    if (const auto* other = arrays_.find_overlap(begin, begin + bytes)) {
      throw failure(GRADSTEP_INVALID_ARGUMENT, std::string("grad overlaps ") + other->name +
                                                   " of tensor " +
                                                   quoted(records_[other->tensor].name.get()).text);
    }
  }
  arrays_.move_grad(tensor, address(record.grad), begin, bytes);
  record.grad = grad;
  record.is_inspected = false;
  place_gradient(tensor);
}

/// The sums of these tensors' gradients, kept for the next step.
void optimizer::take_sums(std::span<const std::uint32_t> tensors, std::span<tensor_sum> sums,
                          double scale) noexcept {
  const tensor_list list(tensors_.data(), tensors);
  sum_gradients(context_, list, norm_view::as_stepped, scale, sums.data());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    tensor_record& record = records_[tensors[i]];
    record.inspected = sums[i];
    record.inspected_scale = scale;
    record.is_inspected = true;
  }
}

void optimizer::select_uninspected(double scale) noexcept {
  selected_.clear();
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    const tensor_record& record = records_[i];
    const bool is_known = record.is_inspected && record.inspected_scale == scale;
    if (takes_part(i) && !is_known) selected_.push_back(static_cast<std::uint32_t>(i));
  }
}

void optimizer::inspect(std::size_t tensor, double grad_scale) {
  const double scale = total_scale(grad_scale);
  if (tensor == all_tensors) {
    check_grads_apart(tensor);
    select_uninspected(scale);
    sums_.resize(selected_.size());
    return take_sums(selected_, sums_, scale);
  }
  if (!takes_part(tensor)) return;
  check_grads_apart(tensor);
  const auto index = static_cast<std::uint32_t>(tensor);
  tensor_sum sum{};
  take_sums({&index, 1}, {&sum, 1}, scale);
}

/// Chooses which tensors accumulate; throws where they cannot.
void optimizer::select_accumulating() {
  selected_.clear();
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    if (records_[i].is_frozen || records_[i].grad == nullptr) continue;
    check_may_accumulate(i);
    selected_.push_back(static_cast<std::uint32_t>(i));
  }
}

/// Memory for the sums that these tensors lack; null blocks for the others.
std::vector<state_block> optimizer::allocate_sums(std::span<const std::uint32_t> tensors) const {
  std::vector<state_block> blocks(tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const gradstep_tensor& t = tensors_[tensors[i]];
    const dtype type = computed_type(t.param_dtype);
    if (records_[tensors[i]].sum_memory.data() != nullptr || t.count == 0) continue;
    blocks[i] = state_block(t.count * size_of(type));
    fill_array(context_, {blocks[i].data(), nullptr, type, false}, t.count, 0);
  }
  return blocks;
}

/// sums: room for a tensor each, whose param becomes the sum.
void optimizer::add_to_sums(std::span<const std::uint32_t> tensors, std::span<gradstep_tensor> sums,
                            double scale) {
  std::vector<state_block> blocks = allocate_sums(tensors);
  // From here on nothing can fail.
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    tensor_record& record = records_[tensors[i]];
    const gradstep_tensor& t = tensors_[tensors[i]];
    const dtype type = computed_type(t.param_dtype);
    if (blocks[i].data() != nullptr) {
      const std::lock_guard held(gate_);
      record.sum_memory = std::move(blocks[i]);
      state_bytes_ += t.count * size_of(type);
    }
    sums[i] = {};
    sums[i].struct_size = sizeof sums[i];
    sums[i].count = t.count;
    sums[i].param = record.sum_memory.data();
    sums[i].param_dtype = static_cast<std::int32_t>(type);
    sums[i].grad = record.grad;
    sums[i].grad_dtype = record.grad_dtype;
  }
  const rule_values ascent = ascent_at_rate_1();
  const tensor_list list(sums.data(), sums.size());
  update_tensors(context_, accumulation(ascent, list, scale, options_.around.zeroes_grad));
  const std::lock_guard held(gate_);
  for (const std::uint32_t index : tensors) {
    ++records_[index].accumulate_count;
    records_[index].is_inspected = false;
    place_gradient(index);
  }
}

void optimizer::accumulate(std::size_t tensor, double scale) {
  check_grads_apart(tensor);
  if (tensor == all_tensors) {
    select_accumulating();
    accumulating_.resize(selected_.size());
    return add_to_sums(selected_, accumulating_, scale);
  }
  if (records_[tensor].grad == nullptr) {
    throw failure(
        GRADSTEP_INVALID_ARGUMENT,
        std::string("tensor ") + quoted(records_[tensor].name.get()).text + " has no gradient");
  }
  check_may_accumulate(tensor);
  const auto index = static_cast<std::uint32_t>(tensor);
  gradstep_tensor sum;
  add_to_sums({&index, 1}, {&sum, 1}, scale);
}

}  // namespace gradstep::internal
