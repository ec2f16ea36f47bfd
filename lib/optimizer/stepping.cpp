// SPDX-License-Identifier: Apache-2.0
//
// Stepping: the verdict over all gradients once, then batches of tensors that share a group and a
// step count, and so the constants of their step.
#include <algorithm>
#include <cmath>
#include <compare>
#include <string>

#include "base/failure.hpp"
#include "base/float_environment.hpp"
#include "base/text.hpp"
#include "optimizer/optimizer.hpp"
#include "step/loss_scaling.hpp"

namespace gradstep::internal {
namespace {

// Out of line, so that no arithmetic moves out of the floating-point environment's scope.
[[gnu::noinline]] double unscaled(double grad_scale, double loss_scale) {
  return grad_scale * (1 / loss_scale);
}

void refuse_to_count(const std::string& subject, const char* count) {
  throw failure(GRADSTEP_OUT_OF_RANGE,
                subject + " has a " + count + " of 2^53, the most that is counted and saved");
}

constexpr auto most_counted = static_cast<std::uint64_t>(last_step);

}  // namespace

rule_values optimizer::next_rule(const group_record& group) const noexcept {
  const float_environment environment(context_.flush_to_zero);
  return group.settings.rule_at(static_cast<double>(step_count_));
}

double optimizer::total_scale(double grad_scale) const {
  if (!loss_scaler_) return grad_scale;
  const float_environment environment(context_.flush_to_zero);
  const double scale = unscaled(grad_scale, loss_scaler_->scale);
  if (std::isfinite(scale)) return scale;
  throw failure(GRADSTEP_OUT_OF_RANGE, std::string("grad_scale = ") + to_text(grad_scale).text +
                                           " times 1 / loss scale = 1 / " +
                                           to_text(loss_scaler_->scale).text + " is not finite");
}

gradient_limits optimizer::limits_in_force() const noexcept {
  gradient_limits limits = options_.limits;
  limits.checks_finite |= loss_scaler_.has_value();
  return limits;
}

void optimizer::select_participants() noexcept {
  selected_.clear();
  for (std::size_t i = 0; i < tensors_.size(); ++i) {
    if (takes_part(i)) selected_.push_back(static_cast<std::uint32_t>(i));
  }
}

void optimizer::check_inspected(std::size_t tensor, double scale) const {
  const tensor_record& record = records_[tensor];
  if (record.is_inspected && record.inspected_scale == scale) return;
  const std::string name = quoted(record.name.get()).text;
  if (!record.is_inspected) {
    throw failure(GRADSTEP_WRONG_ORDER,
                  "tensor " + name + " was not inspected since its gradient last changed");
  }
  throw failure(GRADSTEP_WRONG_ORDER, "tensor " + name + " was inspected with the scale " +
                                          to_text(record.inspected_scale).text +
                                          ", but the step's is " + to_text(scale).text);
}

/// What one pass over all of them would have given.
gradient_sums optimizer::inspected_sums(double scale) noexcept {
  sums_.clear();
  for (const std::uint32_t index : selected_) sums_.push_back(records_[index].inspected);
  return total_of(context_, sums_, scale);
}

step_verdict optimizer::judge(const step_settings& settings, double scale,
                              const gradient_limits& limits) noexcept {
  switch (settings.source) {
    case step_settings::norm_source::given:
      return judge_norm({settings.grad_norm}, settings.non_finite_count, limits);
    case step_settings::norm_source::inspected: {
      const gradient_sums sums = inspected_sums(scale);
      return judge_norm(sums.norm, sums.non_finite_count, limits);
    }
    case step_settings::norm_source::read:
      break;
  }
  if (!limits.reads_gradients()) return {};
  return judge_gradients(context_, tensor_list(tensors_.data(), selected_), scale, limits);
}

/// A stateless step's number is at most 2^53; so are these.
void optimizer::check_step_count(std::size_t tensor) const {
  if (records_[tensor].step_count < most_counted) return;
  refuse_to_count("tensor " + std::string(quoted(records_[tensor].name.get()).text), "step_count");
}

void optimizer::check_step_counts() const {
  if (step_count_ >= most_counted) refuse_to_count("the optimizer", "step_count");
  if (skipped_count_ >= most_counted) refuse_to_count("the optimizer", "skipped_count");
  for (const std::uint32_t index : selected_) check_step_count(index);
}

void optimizer::open_step(const step_settings& settings) {
  check_grads_apart(all_tensors);
  const double scale = total_scale(settings.grad_scale);
  needs_inspected_ = settings.source == step_settings::norm_source::inspected;
  select_participants();
  check_step_counts();
  if (needs_inspected_) {
    for (const std::uint32_t index : selected_) check_inspected(index, scale);
  }
  // From here on nothing can fail.
  open_scale_ = scale;
  open_result_ = {};
  open_result_.verdict = judge(settings, scale, limits_in_force());
  for (group_record& group : groups_) {
    group.step_rule = next_rule(group);
    group.step_slots = group.step_rule.entry->used_slots(group.step_rule.values);
  }
}

/// Tensors of one group whose keys are equal take their step together.
struct optimizer::batch_key {
  std::uint64_t step_count;
  bool has_sum;
  bool has_fresh_slots;
  auto operator<=>(const batch_key&) const = default;
};

optimizer::batch_key optimizer::key_of(const group_record& group,
                                       std::size_t tensor) const noexcept {
  const tensor_record& record = records_[tensor];
  return {record.step_count, has_sum(tensor), (group.step_slots & ~record.used_slots) != 0};
}

/// Of one key.
std::uint64_t optimizer::run_batch(const group_record& group,
                                   std::span<const std::uint32_t> batch) const noexcept {
  step_request r{.rule = *group.step_rule.entry,
                 .values = group.step_rule.values,
                 .tensors = tensor_list(tensors_.data(), batch)};
  const batch_key key = key_of(group, batch[0]);
  r.step = key.step_count + 1;
  r.has_fresh_slots = key.has_fresh_slots;
  r.grad_scale = open_scale_;
  r.clip_factor = open_result_.verdict.clip_factor;
  r.options = options_.around;
  r.options.zeroes_grad |= key.has_sum;
  return update_tensors(context_, r);
}

/// In a skipped step.
bool optimizer::is_zeroed(std::size_t tensor) const noexcept {
  return options_.around.zeroes_grad || has_sum(tensor);
}

std::uint64_t optimizer::zero_selected() noexcept {
  batch_order_.clear();
  for (const std::uint32_t index : selected_) {
    if (is_zeroed(index)) batch_order_.push_back(index);
  }
  return zero_gradients(context_, tensor_list(tensors_.data(), batch_order_));
}

/// After its step, with the gate's lock held. A sum has been used, and is all zeros.
void optimizer::finish_tensor(std::size_t tensor) noexcept {
  tensor_record& record = records_[tensor];
  if (!open_result_.verdict.is_skipped) {
    record.used_slots |= groups_[record.group].step_slots;
    ++record.step_count;
  }
  if (!has_sum(tensor)) return;
  record.accumulate_count = 0;
  place_gradient(tensor);
}

std::uint64_t optimizer::run_group(const group_record& group) noexcept {
  const auto key = [&](std::uint32_t index) { return key_of(group, index); };
  batch_order_.clear();
  bool is_one_batch = true;
  for (const std::uint32_t index : group.members) {
    if (!takes_part(index)) continue;
    batch_order_.push_back(index);
    is_one_batch = is_one_batch && key(index) == key(batch_order_[0]);
  }
  if (!is_one_batch) {
    std::sort(batch_order_.begin(), batch_order_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::pair(key(a), a) < std::pair(key(b), b);
    });
  }
  const std::span<const std::uint32_t> all(batch_order_);
  std::uint64_t piece_count = 0;
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = all.size();
    if (!is_one_batch) {
      const auto batch_key = key(all[begin]);
      for (end = begin + 1; end < all.size() && key(all[end]) == batch_key;) ++end;
    }
    piece_count += run_batch(group, all.subspan(begin, end - begin));
    begin = end;
  }
  return piece_count;
}

step_result optimizer::step(const step_settings& settings) {
  open_step(settings);
  if (open_result_.verdict.is_skipped) {
    open_result_.piece_count = zero_selected();
  } else {
    for (const group_record& group : groups_) open_result_.piece_count += run_group(group);
  }
  const std::lock_guard held(gate_);
  for (const std::uint32_t index : selected_) finish_tensor(index);
  return close_step();
}

void optimizer::begin_step(const step_settings& settings) {
  if (settings.source == step_settings::norm_source::read && limits_in_force().reads_gradients()) {
    throw failure(GRADSTEP_WRONG_ORDER,
                  "GRADSTEP_APPLY_MAX_NORM, GRADSTEP_APPLY_CHECK_FINITE or a loss scaler needs all "
                  "gradients first: inspect them and set GRADSTEP_STEP_INSPECTED, or give "
                  "GRADSTEP_STEP_GRAD_NORM");
  }
  open_step(settings);
  const std::lock_guard held(gate_);
  is_in_step_ = true;
}

void optimizer::step_tensor(std::size_t tensor) {
  check_not_stepped(tensor);
  if (!takes_part(tensor)) return;
  check_step_count(tensor);
  check_grads_apart(tensor);
  if (needs_inspected_) check_inspected(tensor, open_scale_);
  const auto index = static_cast<std::uint32_t>(tensor);
  const std::span<const std::uint32_t> batch(&index, 1);
  std::uint64_t piece_count = 0;
  if (!open_result_.verdict.is_skipped) {
    piece_count = run_batch(groups_[records_[tensor].group], batch);
  } else if (is_zeroed(tensor)) {
    piece_count = zero_gradients(context_, tensor_list(tensors_.data(), batch));
  }
  const std::lock_guard held(gate_);
  records_[tensor].is_stepped = true;
  open_result_.piece_count += piece_count;
  finish_tensor(tensor);
}

step_result optimizer::end_step() noexcept {
  const std::lock_guard held(gate_);
  count_left_out();
  is_in_step_ = false;
  return close_step();
}

void optimizer::count_left_out() noexcept {
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (records_[i].is_stepped || !takes_part(i)) continue;
    if (open_result_.left_out_count++ == 0) open_result_.first_left_out = i;
  }
}

/// With the gate's lock held.
step_result optimizer::close_step() noexcept {
  const step_verdict& verdict = open_result_.verdict;
  ++(verdict.is_skipped ? skipped_count_ : step_count_);
  grad_norm_ = verdict.grad_norm;
  if (loss_scaler_) {
    const float_environment environment(context_.flush_to_zero);
    update_loss_scaler(*loss_scaler_, verdict.is_skipped);
  }
  for (tensor_record& record : records_) record.is_stepped = record.is_inspected = false;
  return open_result_;
}

}  // namespace gradstep::internal
