// SPDX-License-Identifier: Apache-2.0
#include "optimizer/stepping.hpp"

#include <mutex>

#include "base/failure.hpp"
#include "optimizer/batches.hpp"
#include "optimizer/gradients.hpp"
#include "optimizer/overlaps.hpp"
#include "optimizer/rule_state.hpp"
#include "optimizer/verdicts.hpp"

namespace gradstep::internal {
namespace {

void select_participants(optimizer& o) noexcept {
  select_tensors(o, [&](std::size_t i) { return takes_part(o.table, i); });
}

// ---- Checks -------------------------------------------------------------------------------------

void check_inspected(const tensor_record& record, double scale) {
  if (record.inspected && record.inspected->scale == scale) return;
  if (!record.inspected) {
    refuse(GRADSTEP_WRONG_ORDER, "tensor %s was not inspected since its gradient last changed",
           record.quoted_name().text);
  }
  refuse(GRADSTEP_WRONG_ORDER, "tensor %s was inspected with the scale %s, but the step's is %s",
         record.quoted_name().text, to_text(record.inspected->scale).text, to_text(scale).text);
}

void check_step_count(const optimizer& o, std::size_t tensor) {
  const tensor_record& record = o.table.records[tensor];
  check_count(&record, "a step_count", record.step_count);
  if (!o.options.around.updates_average) return;
  check_count(&record, "an average_count", record.average_count);
}

/// The transform that leads back to the state in which the rule steps.
const char* transform_back(const rule_info& rule) {
  for (const transform& t : rule.transforms) {
    if (t.mode_after == 0) return t.name;
  }
  return "";
}

void check_shared_values(const group_record& first, const group_record& other) {
  const rule_info& rule = *first.settings.rule.entry->info;
  for (const char* name : rule.shared_hyperparameters) {
    const std::size_t index = find_hyperparameter(rule, name);
    const double a = first.settings.rule.values[index], b = other.settings.rule.values[index];
    if (a == b) continue;
    refuse(
        GRADSTEP_INVALID_ARGUMENT,
        "%s of groups %s and %s differs, %s and %s: %s sums over all groups, which need the same "
        "value",
        name, quoted(first.name.get()).text, quoted(other.name.get()).text, to_text(a).text,
        to_text(b).text, rule.name);
  }
}

/// The counts of the optimizer and of all selected tensors.
void check_step_counts(const optimizer& o) {
  check_count(nullptr, "a step_count", o.step_count);
  check_count(nullptr, "a skipped_count", o.skipped_count);
  for (const std::uint32_t index : o.lists.selected) check_step_count(o, index);
}

/// A param that takes part may not be in a transformed state.
void check_mode(const optimizer& o, std::size_t tensor) {
  const tensor_record& record = o.table.records[tensor];
  const rule_info& rule = *o.groups[record.group].settings.rule.entry->info;
  if (rule.mode == no_index || mode_of(o, tensor) == 0) return;
  refuse(GRADSTEP_WRONG_ORDER,
         "the param of tensor %s is transformed: gradstep_optimizer_transform with \"%s\" "
         "comes first",
         record.quoted_name().text, transform_back(rule));
}

void check_modes(const optimizer& o) {
  for (const group_record& group : o.groups) {
    if (group.settings.rule.entry->info->mode == no_index) continue;
    for (const std::uint32_t index : group.members) {
      if (takes_part(o.table, index)) check_mode(o, index);
    }
  }
}

/// Rules that sum over all tensors need some values to be equal in all groups that have tensors.
void check_shared_values(const optimizer& o) {
  for (const shared_scalars& shared : o.shared_scalars) {
    const group_record* first = nullptr;
    for (const group_record& group : o.groups) {
      if (group.settings.rule.entry != shared.rule || group.members.empty()) continue;
      if (first == nullptr) first = &group;
      check_shared_values(*first, group);
    }
  }
}

// ---- Opening and closing ------------------------------------------------------------------------

void open(optimizer& o, const step_settings& settings) {
  check_grads_apart(o, all_tensors);
  const double scale = total_scale(o, settings.grad_scale);
  const bool needs_inspected = settings.source == step_settings::norm_source::inspected;
  select_participants(o);
  check_step_counts(o);
  check_modes(o);
  check_shared_values(o);
  check_norm_source(o, settings);
  if (needs_inspected) {
    for (const std::uint32_t index : o.lists.selected) {
      check_inspected(o.table.records[index], scale);
    }
  }
  // From here on nothing can fail.
  o.step.needs_inspected = needs_inspected;
  o.step.scale = scale;
  o.step.result = {};
  judge(o, settings);
  for (group_record& group : o.groups) {
    if (group.is_removed) continue;
    group.step_rule = next_rule(o, group);
    for (const bool is_matrix : {false, true}) {
      group.step_slots_of[is_matrix] =
          group.step_rule.entry->used_slots(group.step_rule.values, is_matrix);
    }
  }
}

/// Counts the tensor's step, which has used its sum and zeroed it. The gate's lock is held.
void finish_tensor(optimizer& o, std::size_t tensor) noexcept {
  tensor_record& record = o.table.records[tensor];
  if (!o.step.result.verdict.is_skipped && !o.step.result.is_stopped) {
    record.used_slots |= o.groups[record.group].step_slots(o.table.tensors[tensor]);
    ++record.step_count;
    const bool has_average = o.table.tensors[tensor].average.data != nullptr;
    if (o.options.around.updates_average && has_average) ++record.average_count;
  }
  if (!record.has_sum()) return;
  record.accumulate_count = 0;
  place_gradient(o.table, tensor);
}

/// Updates the optimizer's counts and its loss scaler. The gate's lock is held.
step_result close(optimizer& o) noexcept {
  const step_verdict& verdict = o.step.result.verdict;
  if (!o.step.result.is_stopped) ++(verdict.is_skipped ? o.skipped_count : o.step_count);
  o.grad_norm = verdict.grad_norm;
  if (o.loss_scaler) update_loss_scaler(*o.loss_scaler, verdict.is_skipped);
  for (group_record& group : o.groups) group.grad_norm = group.step_grad_norm;
  for_each_tensor(o, [&](std::size_t i) {
    tensor_record& record = o.table.records[i];
    record.is_stepped = false;
    record.inspected.reset();
  });
  return o.step.result;
}

void count_left_out(optimizer& o) noexcept {
  for_each_tensor(o, [&](std::size_t i) {
    if (o.table.records[i].is_stepped || !takes_part(o.table, i)) return;
    if (o.step.result.left_out_count++ == 0) o.step.result.first_left_out = i;
  });
}

}  // namespace

step_result step_all(optimizer& o, const step_settings& settings) {
  open(o, settings);
  step_result& result = o.step.result;
  // Rules that sum over all tensors come first, because they may stop the step.
  for (const shared_scalars& shared : o.shared_scalars) {
    if (result.verdict.is_skipped || result.is_stopped || !shared.rule->sums_over_all()) continue;
    const pass_outcome outcome = update_groups_of(o, *shared.rule);
    result.piece_count += outcome.piece_count;
    result.is_stopped = outcome.is_stopped;
  }
  if (result.verdict.is_skipped || result.is_stopped) {
    result.piece_count += zero_selected(o);
  } else {
    for (const group_record& group : o.groups) {
      if (group.step_rule.entry->sums_over_all()) continue;
      result.piece_count += update_group(o, group);
    }
  }
  const std::lock_guard held(o.gate);
  for (const std::uint32_t index : o.lists.selected) finish_tensor(o, index);
  return close(o);
}

void begin_step(optimizer& o, const step_settings& settings) {
  check_known_ahead(o, settings);
  for (const group_record& group : o.groups) {
    if (!group.settings.rule.entry->sums_over_all() || group.members.empty()) continue;
    refuse(GRADSTEP_UNSUPPORTED,
           "group %s: %s sums over all tensors before it changes one, so it cannot step tensor by "
           "tensor: gradstep_optimizer_step can",
           quoted(group.name.get()).text, group.settings.rule.entry->info->name);
  }
  open(o, settings);
  const std::lock_guard held(o.gate);
  o.step.awaits_tensors = true;
}

void step_tensor(optimizer& o, std::size_t tensor) {
  check_not_stepped(o.table, tensor);
  if (!takes_part(o.table, tensor)) return;
  const tensor_record& record = o.table.records[tensor];
  // It may have got its gradient after the step began.
  check_step_count(o, tensor);
  check_mode(o, tensor);
  check_grads_apart(o, tensor);
  if (o.step.needs_inspected) check_inspected(record, o.step.scale);
  const bool is_skipped = o.step.result.verdict.is_skipped;
  const std::uint64_t piece_count = is_skipped ? zero_tensor(o, tensor) : update_tensor(o, tensor);
  const std::lock_guard held(o.gate);
  o.table.records[tensor].is_stepped = true;
  o.step.result.piece_count += piece_count;
  finish_tensor(o, tensor);
}

step_result end_step(optimizer& o) noexcept {
  const std::lock_guard held(o.gate);
  count_left_out(o);
  o.step.awaits_tensors = false;
  return close(o);
}

rule_values next_rule(const optimizer& o, const group_record& group) noexcept {
  return group.settings.rule_at(static_cast<double>(o.step_count), o.context.flush_to_zero);
}

}  // namespace gradstep::internal
