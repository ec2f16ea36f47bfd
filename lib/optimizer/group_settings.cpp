// SPDX-License-Identifier: Apache-2.0
#include "optimizer/group_settings.hpp"

#include <cmath>
#include <limits>

#include "base/failure.hpp"
#include "base/float_environment.hpp"
#include "catalogue/catalogue.hpp"

namespace gradstep::internal {

std::size_t group_settings::momentum_index() const noexcept {
  const rule_info& info = *rule.entry->info;
  const std::size_t momentum = find_hyperparameter(info, "momentum");
  return momentum != no_index ? momentum : find_hyperparameter(info, "beta1");
}

rule_values group_settings::driven_rule() const noexcept {
  rule_values driven = rule;
  constexpr double some_momentum = 0.5;
  if (drives_momentum()) driven.values[momentum_index()] = some_momentum;
  return driven;
}

std::uint32_t group_settings::used_slots(const tensor_shape& shape) const noexcept {
  const bool is_matrix = shape.is_matrix();
  return rule.entry->used_slots(rule.values, is_matrix) |
         rule.entry->used_slots(driven_rule().values, is_matrix);
}

double group_settings::momentum_at(double t) const noexcept {
  return schedule ? schedule->momentum(t) : std::numeric_limits<double>::quiet_NaN();
}

rule_values group_settings::rule_at(double t, bool flush_to_zero) const noexcept {
  const double base = base_lr(rule);
  const double scheduled = schedule ? schedule->lr(base, t) : base;
  rule_values result = rule;
  set_base_lr(result, in_step_environment(flush_to_zero, [&] { return scheduled * lr_scale; }));
  const double momentum = momentum_at(t);
  if (!std::isnan(momentum)) result.values[momentum_index()] = momentum;
  return result;
}

void check_settings(const group_settings& settings) {
  const rule_info& rule = *settings.rule.entry->info;
  if (settings.schedule) {
    settings.schedule->check();
    if (settings.drives_momentum() && settings.momentum_index() == no_index) {
      refuse(GRADSTEP_INVALID_ARGUMENT,
             "the schedule, %s, drives momentum, but %s has neither momentum nor beta1",
             settings.schedule->name(), rule.name);
    }
  }
  check_conflict(*settings.rule.entry, {settings.driven_rule().values});
}

}  // namespace gradstep::internal
