// SPDX-License-Identifier: Apache-2.0
//
// One step of a rule over a list of tensors, as one parallel region. After validation nothing in it
// can fail, and it allocates nothing.
#pragma once

#include <cstdint>
#include <limits>

#include "rules/rule_catalogue.hpp"
#include "step/gradient_norm.hpp"
#include "step/tensor_list.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {

/// What surrounds the rule in a step.
struct step_options {
  double value_limit = std::numeric_limits<double>::infinity();  // clips gradients by value
  bool updates_average = false;                                  // of the tensors that have one
  double average_decay = 0;
  bool zeroes_grad = false;
  bool has_stochastic_param = false;  // params of 16 bits are rounded at random
  bool has_nearest_slots = false;     // narrow slots are rounded to nearest
  std::uint64_t seed = 0;
};

/// A step of one rule. Everything in it has been validated.
struct step_request {
  const rule_entry& rule;
  const double* values;  // of the rule's hyper-parameters
  tensor_list tensors;
  std::uint64_t step = 1;  // t
  double grad_scale = 1;
  double clip_factor = 1;        // of clipping by norm: gradients are multiplied by both
  bool has_fresh_slots = false;  // no step has used some slot before; at t = 1 so or so
  step_options options = {};

  /// A decay of 1 keeps the average as it is, whatever the param.
  bool updates_average() const {
    return options.updates_average && (step == 1 || options.average_decay < 1);
  }
};

/// What depends on all gradients of a step.
struct gradient_limits {
  double max_norm = std::numeric_limits<double>::infinity();  // clips gradients by norm
  bool checks_finite = false;  // skips the step when a gradient is not finite

  /// Whether gradients have to be read before the step.
  bool reads_gradients() const {
    return checks_finite || max_norm < std::numeric_limits<double>::infinity();
  }
};

/// What the limits make of the gradients' norm and count.
struct step_verdict {
  std::uint64_t non_finite_count = 0;  // of gradients, where they were looked at
  double grad_norm = 0;                // scaled, before clipping, where they were looked at
  double clip_factor = 1;
  bool is_skipped = false;
};

struct step_result {
  std::uint64_t piece_count = 0;  // that ran
  step_verdict verdict;
  std::size_t left_out_count = 0;  // tensors of a step tensor by tensor
  std::size_t first_left_out = 0;  // the first of them
};

/// A step over a list of its own: reads the gradients where the limits need that, and updates the
/// tensors, or only zeroes gradients where it is skipped. Cannot fail.
step_result run_step(const context& c, const step_request& request,
                     const gradient_limits& limits) noexcept;

// ---- The same in parts, for a step over several lists -----------------------------------------

/// Reads all gradients of the list, whose scale is given. Cannot fail.
step_verdict judge_gradients(const context& c, const tensor_list& tensors, double grad_scale,
                             const gradient_limits& limits) noexcept;

/// For a norm and a count that are known.
step_verdict judge_norm(const gradient_norm& norm, std::uint64_t non_finite_count,
                        const gradient_limits& limits) noexcept;

/// Updates the tensors; gives the pieces that ran. Cannot fail.
std::uint64_t update_tensors(const context& c, const step_request& request) noexcept;

/// All that a skipped step does, where it was asked for. Cannot fail.
std::uint64_t zero_gradients(const context& c, const tensor_list& tensors) noexcept;

}  // namespace gradstep::internal
