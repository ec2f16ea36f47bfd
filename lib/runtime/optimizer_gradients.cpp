// SPDX-License-Identifier: Apache-2.0
//
// Where gradients are: the caller's arrays, sums over micro-batches, and what was read of them.
#include <cmath>
#include <string>

#include "failure.hpp"
#include "optimizer.hpp"
#include "ranges.hpp"
#include "text.hpp"

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
  rule_values rule{find_rule("sgd"), {}};
  const rule_info& info = *rule.entry->info;
  for (std::size_t i = 0; i < info.hyperparameter_count; ++i) {
    rule.values[i] = info.hyperparameters[i].default_value;
  }
  rule.values[rule.entry->lr] = 1;
  rule.values[rule.entry->maximize] = 1;
  return rule;
}

}  // namespace

bool optimizer::takes_part(std::size_t tensor) const noexcept {
  return !records_[tensor].is_frozen && tensors_[tensor].grad != nullptr;
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

void optimizer::set_grad(std::size_t tensor, void* grad) {
  tensor_record& record = records_[tensor];
  const std::size_t bytes = tensors_[tensor].count * size_of(static_cast<dtype>(record.grad_dtype));
  array_registry::entries added;
  const auto begin = reinterpret_cast<std::uintptr_t>(grad);
  if (grad != nullptr && bytes != 0) added.insert({begin, {begin + bytes, tensor, "grad"}});

  // An array may take the place of one that it overlaps, if that is the same tensor's gradient.
  auto old = arrays_.take(bytes == 0 ? 0 : reinterpret_cast<std::uintptr_t>(record.grad));
  const auto* other = added.empty() ? nullptr : arrays_.find_overlap(begin, begin + bytes);
  if (other != nullptr) {
    arrays_.put(std::move(old));
    throw failure(GRADSTEP_INVALID_ARGUMENT, std::string("grad overlaps ") + other->name +
                                                 " of tensor " +
                                                 quoted(records_[other->tensor].name.get()).text);
  }
  arrays_.add(std::move(added));
  record.grad = grad;
  record.is_inspected = false;
  place_gradient(tensor);
}

void optimizer::inspect(std::size_t tensor, double grad_scale) {
  const double scale = total_scale(grad_scale);
  const std::size_t begin = tensor == all_tensors ? 0 : tensor;
  const std::size_t end = tensor == all_tensors ? tensors_.size() : tensor + 1;
  selected_.clear();
  for (std::size_t i = begin; i < end; ++i) {
    const tensor_record& record = records_[i];
    const bool is_known = record.is_inspected && record.inspected_scale == scale;
    if (takes_part(i) && !(is_known && tensor == all_tensors)) {
      selected_.push_back(static_cast<std::uint32_t>(i));
    }
  }
  sums_.resize(selected_.size());
  const tensor_list list(tensors_.data(), selected_);
  sum_gradients(context_, list, norm_view::as_stepped, scale, sums_.data());
  for (std::size_t i = 0; i < selected_.size(); ++i) {
    tensor_record& record = records_[selected_[i]];
    record.inspected = sums_[i];
    record.inspected_scale = scale;
    record.is_inspected = true;
  }
}

/// Chooses which tensors accumulate; throws where they cannot.
void optimizer::select_accumulating(std::size_t tensor) {
  if (tensor != all_tensors && records_[tensor].grad == nullptr) {
    throw failure(
        GRADSTEP_INVALID_ARGUMENT,
        std::string("tensor ") + quoted(records_[tensor].name.get()).text + " has no gradient");
  }
  const std::size_t begin = tensor == all_tensors ? 0 : tensor;
  const std::size_t end = tensor == all_tensors ? tensors_.size() : tensor + 1;
  selected_.clear();
  for (std::size_t i = begin; i < end; ++i) {
    const bool is_wanted = !records_[i].is_frozen && records_[i].grad != nullptr;
    if (tensor == all_tensors && !is_wanted) continue;
    check_not_stepped(i);
    if (records_[i].accumulate_count >= static_cast<std::uint64_t>(last_step)) {
      throw failure(GRADSTEP_OUT_OF_RANGE,
                    std::string("tensor ") + quoted(records_[i].name.get()).text +
                        " has an accumulate_count of 2^53, the most that is counted and saved");
    }
    selected_.push_back(static_cast<std::uint32_t>(i));
  }
}

/// Memory for the sums that the selected tensors lack; null blocks for the others.
std::vector<state_block> optimizer::allocate_sums() const {
  std::vector<state_block> blocks(selected_.size());
  for (std::size_t i = 0; i < selected_.size(); ++i) {
    const gradstep_tensor& t = tensors_[selected_[i]];
    const dtype type = computed_type(t.param_dtype);
    if (records_[selected_[i]].sum_memory.data() != nullptr || t.count == 0) continue;
    blocks[i] = state_block(t.count * size_of(type));
    fill_array(context_, {blocks[i].data(), nullptr, type, false}, t.count, 0);
  }
  return blocks;
}

void optimizer::accumulate(std::size_t tensor, double scale) {
  select_accumulating(tensor);
  accumulating_.reserve(selected_.size());
  std::vector<state_block> blocks = allocate_sums();
  accumulating_.clear();
  for (std::size_t i = 0; i < selected_.size(); ++i) {
    tensor_record& record = records_[selected_[i]];
    const gradstep_tensor& t = tensors_[selected_[i]];
    const dtype type = computed_type(t.param_dtype);
    if (blocks[i].data() != nullptr) {
      record.sum_memory = std::move(blocks[i]);
      state_bytes_ += t.count * size_of(type);
    }
    gradstep_tensor sum{};
    sum.struct_size = sizeof sum;
    sum.count = t.count;
    sum.param = record.sum_memory.data();
    sum.param_dtype = static_cast<std::int32_t>(type);
    sum.grad = record.grad;
    sum.grad_dtype = record.grad_dtype;
    accumulating_.push_back(sum);
  }
  const rule_values ascent = ascent_at_rate_1();
  const tensor_list list(accumulating_.data(), accumulating_.size());
  update_tensors(context_, accumulation(ascent, list, scale, options_.around.zeroes_grad));
  for (const std::uint32_t index : selected_) {
    ++records_[index].accumulate_count;
    records_[index].is_inspected = false;
    place_gradient(index);
  }
}

}  // namespace gradstep::internal
