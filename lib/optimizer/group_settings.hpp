// SPDX-License-Identifier: Apache-2.0
//
// The settings of a group of tensors: which rule steps them, with which values, at which rate.
#pragma once

#include <cstdint>
#include <optional>

#include "kernels/storage/operand.hpp"
#include "rules/rule_catalogue.hpp"
#include "schedules/schedule.hpp"

namespace gradstep::internal {

struct group_settings {
  rule_values rule = {};  // its lr is the base rate
  std::optional<internal::schedule> schedule = {};
  double lr_scale = 1;
  double max_norm = 0;  // clips the group by its own norm; 0: the optimizer clips it
  std::optional<dtype> slot_dtype = {};  // of slots that the library owns; else the arithmetic's

  /// The index of the hyper-parameter that a schedule of momentum sets: the rule's momentum, or its
  /// beta1. no_index: the rule has neither.
  std::size_t momentum_index() const noexcept;
  bool drives_momentum() const noexcept { return schedule && schedule->drives_momentum(); }

  /// The rule with some momentum above 0 if the schedule drives momentum; else the rule as it is.
  rule_values driven_rule() const noexcept;
  /// Bit s: some step of a tensor of that shape with these settings can use slot s.
  std::uint32_t used_slots(const tensor_shape& shape) const noexcept;

  /// NaN: the schedule does not drive momentum at step t, which counts from 0.
  double momentum_at(double t) const noexcept;
  /// The rule with the rate and the momentum of step t, which counts from 0. flush_to_zero: as in
  /// the step's floating-point environment.
  rule_values rule_at(double t, bool flush_to_zero) const noexcept;
};

/// Checks that the rule's values go together, and that they go with the schedule. Throws failure
/// (INVALID_ARGUMENT).
void check_settings(const group_settings& settings);

}  // namespace gradstep::internal
