// SPDX-License-Identifier: Apache-2.0
//
// One step of a rule over a list of tensors, as one parallel region.
#pragma once

#include <cstdint>
#include <limits>

#include "catalogue.hpp"
#include "context.hpp"
#include "tensor_list.hpp"

namespace gradstep::internal {

/// Everything in it has been validated.
struct step_request {
  const catalogue_entry& rule;
  const double* values;  // of the rule's hyper-parameters
  tensor_list tensors;
  std::uint64_t step = 1;  // t
  double grad_scale = 1;
  double value_limit = std::numeric_limits<double>::infinity();  // clips gradients by value
  double max_norm = std::numeric_limits<double>::infinity();     // clips gradients by norm
  bool checks_finite = false;    // skips the step when a gradient is not finite
  bool updates_average = false;  // of the tensors that have one
  double average_decay = 0;
  bool zeroes_grad = false;
  bool has_stochastic_param = false;  // bfloat16 params are rounded at random
  bool has_nearest_slots = false;     // narrow slots are rounded to nearest
  std::uint64_t seed = 0;
};

struct step_result {
  std::uint64_t piece_count = 0;       // that ran
  std::uint64_t non_finite_count = 0;  // of gradients, where they were looked at
  double grad_norm = 0;                // scaled, before clipping, where they were looked at
  double clip_factor = 1;
  bool is_skipped = false;
};

/// Cannot fail.
step_result run_step(const context& c, const step_request& request) noexcept;

}  // namespace gradstep::internal
