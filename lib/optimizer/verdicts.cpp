// SPDX-License-Identifier: Apache-2.0
#include "optimizer/verdicts.hpp"

#include <algorithm>

#include "base/failure.hpp"
#include "optimizer/gradients.hpp"

namespace gradstep::internal {
namespace {

using norm_source = step_settings::norm_source;

gradient_limits limits_in_force(const optimizer& o) {
  gradient_limits limits = o.options.limits;
  limits.checks_finite |= o.loss_scaler.has_value();
  return limits;
}

/// nullptr: no group is clipped by its own norm.
const group_record* first_with_own_norm(const optimizer& o) {
  const auto found = std::find_if(o.groups.begin(), o.groups.end(),
                                  [](const group_record& g) { return g.has_own_norm(); });
  return found == o.groups.end() ? nullptr : &*found;
}

/// Calls use(tensor) for the tensors of the group that take part.
template <class Use>
void for_each_participant(const optimizer& o, const group_record& group, const Use& use) {
  for (const std::uint32_t index : group.members) {
    if (takes_part(o.table, index)) use(index);
  }
}

/// Reads the gradients that the limits or the groups' own norms need, and keeps their sums.
void read_sums(optimizer& o, const gradient_limits& limits) noexcept {
  std::vector<std::uint32_t>& needed =
      limits.reads_gradients() ? o.lists.selected : o.lists.batch_order;
  if (!limits.reads_gradients()) {
    needed.clear();
    for (const group_record& group : o.groups) {
      if (!group.has_own_norm()) continue;
      for_each_participant(o, group, [&](std::uint32_t index) { needed.push_back(index); });
    }
  }
  o.lists.sums.resize(needed.size());
  inspect_these(o, needed, o.lists.sums, o.step.scale);
}

/// The total over the selected tensors, as one reading pass over all of them would return it.
gradient_sums inspected_sums(optimizer& o) noexcept {
  o.lists.sums.clear();
  for (const std::uint32_t index : o.lists.selected) {
    o.lists.sums.push_back(o.table.records[index].inspected->sum);
  }
  return total_of(o.context, o.lists.sums, o.step.scale);
}

step_verdict judge_all(optimizer& o, const step_settings& settings,
                       const gradient_limits& limits) noexcept {
  switch (settings.source) {
    case norm_source::given:
      return judge_norm({settings.grad_norm}, settings.non_finite_count, limits);
    case norm_source::inspected: {
      const gradient_sums sums = inspected_sums(o);
      return judge_norm(sums.norm, sums.non_finite_count, limits);
    }
    case norm_source::read:
      break;
  }
  if (!limits.reads_gradients()) return {};
  const tensor_list selected(o.table.tensors.data(), o.lists.selected);
  return judge_gradients(o.context, selected, o.step.scale, limits);
}

/// Clips the group by the norm of its tensors, whose gradients are inspected.
void judge_group(optimizer& o, group_record& group) noexcept {
  o.lists.sums.clear();
  for_each_participant(o, group, [&](std::uint32_t index) {
    o.lists.sums.push_back(o.table.records[index].inspected->sum);
  });
  const gradient_sums sums = total_of(o.context, o.lists.sums, o.step.scale);
  const step_verdict verdict =
      judge_norm(sums.norm, sums.non_finite_count, {.max_norm = group.settings.max_norm});
  group.step_grad_norm = verdict.grad_norm;
  group.step_clip_factor = verdict.clip_factor;
}

}  // namespace

void check_known_ahead(const optimizer& o, const step_settings& settings) {
  if (settings.source != norm_source::read) return;
  if (limits_in_force(o).reads_gradients()) {
    refuse(GRADSTEP_WRONG_ORDER,
           "GRADSTEP_APPLY_MAX_NORM, GRADSTEP_APPLY_CHECK_FINITE or a loss scaler needs all "
           "gradients first: inspect them and set GRADSTEP_STEP_INSPECTED, or give "
           "GRADSTEP_STEP_GRAD_NORM");
  }
  if (const group_record* const group = first_with_own_norm(o)) {
    refuse(GRADSTEP_WRONG_ORDER,
           "max_norm of group %s needs all of the group's gradients first: inspect them and set "
           "GRADSTEP_STEP_INSPECTED",
           quoted(group->name.get()).text);
  }
}

void check_norm_source(const optimizer& o, const step_settings& settings) {
  if (settings.source != norm_source::given) return;
  if (const group_record* const group = first_with_own_norm(o)) {
    refuse(
        GRADSTEP_UNSUPPORTED,
        "GRADSTEP_STEP_GRAD_NORM gives one norm of all gradients, but group %s is clipped by its "
        "own, with max_norm = %s: inspect the gradients and set GRADSTEP_STEP_INSPECTED",
        quoted(group->name.get()).text, to_text(group->settings.max_norm).text);
  }
}

void judge(optimizer& o, const step_settings& settings) noexcept {
  const gradient_limits limits = limits_in_force(o);
  step_settings judged = settings;
  if (settings.source == norm_source::read && first_with_own_norm(o) != nullptr) {
    read_sums(o, limits);
    if (limits.reads_gradients()) judged.source = norm_source::inspected;
  }
  o.step.result.verdict = judge_all(o, judged, limits);
  for (group_record& group : o.groups) {
    group.step_grad_norm = 0;
    group.step_clip_factor = o.step.result.verdict.clip_factor;
    if (group.has_own_norm()) judge_group(o, group);
  }
}

}  // namespace gradstep::internal
