// SPDX-License-Identifier: Apache-2.0
//
// What an optimizer is made of: plain structures that hold all of its state.
#pragma once

#include <gradstep/gradstep.h>

#include <memory>
#include <optional>
#include <vector>

#include "optimizer/state_memory.hpp"
#include "rules/rule_catalogue.hpp"
#include "schedules/schedule.hpp"
#include "step/gradient_norm.hpp"
#include "step/step.hpp"

namespace gradstep::internal {

/// What a group's steps are made with.
struct group_settings {
  rule_values rule = {};  // its lr is the base rate
  std::optional<internal::schedule> schedule = {};
  double lr_scale = 1;
  std::int32_t slot_dtype = 0;  // wanted for the library's slots; 0: that of the arithmetic

  /// The index of what a schedule that drives momentum sets: the rule's momentum, or its beta1;
  /// no_index when it has neither.
  std::size_t momentum_index() const noexcept;
  bool drives_momentum() const noexcept { return schedule && schedule->drives_momentum(); }

  /// The rule as the schedule can make it: with some momentum, where that is driven.
  rule_values driven_rule() const noexcept;
  /// Slots that a step can use, as bits.
  std::uint32_t used_slots() const noexcept;

  /// The rate at t. As a step needs them: the caller sets the floating-point environment.
  double lr_at(double t) const noexcept;
  /// NaN where the schedule does not drive it.
  double momentum_at(double t) const noexcept;
  rule_values rule_at(double t) const noexcept;
};

/// That the rule's values go together, and with the schedule. Throws failure (INVALID_ARGUMENT).
void check_settings(const group_settings& settings);

struct group_record {
  std::unique_ptr<char[]> name = {};
  group_settings settings = {};
  std::optional<gradstep_plateau> plateau = {};  // its lr is the rule's
  std::vector<std::uint32_t> members = {};       // in the order of adding
  std::uint32_t step_slots = 0;                  // that step_rule uses, as bits
  rule_values step_rule = {};                    // the rule with the rates of the step that runs
};

/// What a tensor's `slots`, `slot_scales` and `slot_dtypes` point to.
struct slot_arrays {
  void* data[max_slots] = {};
  float* scales[max_slots] = {};
  std::int32_t dtypes[max_slots] = {};
};

/// What belongs to a tensor beside its gradstep_tensor.
struct tensor_record {
  std::unique_ptr<char[]> name = {};
  std::unique_ptr<slot_arrays> slots = {};
  std::vector<state_block> state = {};  // of the slots that are the library's
  state_block sum_memory = {};          // all zeros while there is no accumulated gradient
  void* grad = nullptr;  // the caller's; the gradstep_tensor's is the sum where there is one
  std::int32_t grad_dtype = 0;
  std::uint32_t group = 0;
  std::uint64_t step_count = 0;        // steps that it took part in
  std::uint32_t used_slots = 0;        // that one of them used, as bits
  std::uint64_t accumulate_count = 0;  // since the last of them
  tensor_sum inspected = {};           // of the gradient, while is_inspected
  double inspected_scale = 0;          // with which its elements were looked at
  bool owns_slots = false;             // the library does
  bool is_frozen = false;
  bool is_inspected = false;
  bool is_stepped = false;  // in the step that runs
};

struct optimizer_options {
  step_options around;
  gradient_limits limits;
};

/// What a caller says of one step.
struct step_settings {
  enum class norm_source { read, given, inspected };

  double grad_scale = 1;
  norm_source source = norm_source::read;
  double grad_norm = 0;  // where it is given
  std::uint64_t non_finite_count = 0;
};

/// What a caller says of loading.
struct load_settings {
  bool loads_params = false;
  bool is_partial = false;      // what fits, and the rest stays
  bool keeps_settings = false;  // rules' values, schedules, plateaus, the scaler, what is frozen
};

struct load_counts {
  std::size_t loaded = 0, missing = 0, extra = 0;  // tensors
};

}  // namespace gradstep::internal
