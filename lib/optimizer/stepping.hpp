// SPDX-License-Identifier: Apache-2.0
//
// Steps of an optimizer. A step opens with a verdict over all gradients. It then updates the
// tensors that take part, or only zeroes gradients if it is skipped. At its close the counts are
// updated.
#pragma once

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// What a caller says about one step.
struct step_settings {
  enum class norm_source { read, given, inspected };

  double grad_scale = 1;
  norm_source source = norm_source::read;
  double grad_norm = 0;                // if the source is given
  std::uint64_t non_finite_count = 0;  // if the source is given
};

/// Steps all tensors that take part. use::all.
step_result step_all(optimizer& o, const step_settings& settings);

// ---- The same tensor by tensor ------------------------------------------------------------------

/// Opens a step. use::all.
void begin_step(optimizer& o, const step_settings& settings);
/// Steps one tensor, if it takes part. use::tensor.
void step_tensor(optimizer& o, std::size_t tensor);
/// Closes the step. The result counts the tensors that take part but were not stepped. use::all.
step_result end_step(optimizer& o) noexcept;

// ---- Looking ------------------------------------------------------------------------------------

/// The group's rule with the rate and momentum of the next step; inside a step, of that step.
rule_values next_rule(const optimizer& o, const group_record& group) noexcept;

}  // namespace gradstep::internal
