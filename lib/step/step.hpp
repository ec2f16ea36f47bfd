// SPDX-License-Identifier: Apache-2.0
//
// One step of a rule over a list of tensors, as one parallel region. After validation nothing in it
// can fail, and it allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "step/pass_run.hpp"
#include "step/step_request.hpp"
#include "step/verdict.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {

struct step_result {
  std::uint64_t piece_count = 0;  // pieces that ran
  step_verdict verdict;
  bool is_stopped = false;         // the rule stopped the step: at most, gradients were zeroed
  std::size_t left_out_count = 0;  // tensors that a step tensor by tensor has left out
  std::size_t first_left_out = 0;  // the first of them
};

/// Reads the gradients if the limits need them, then updates the tensors. A skipped step at most
/// zeroes gradients. Cannot fail.
step_result run_step(const context& c, step_request& request,
                     const gradient_limits& limits) noexcept;

/// The same with a verdict that is known already.
step_result run_step(const context& c, step_request& request, const step_verdict& verdict) noexcept;

/// Number `part` of part_count parts of that step, on the calling thread. Together, parts of the
/// same request make the step. For rules of one pass without scalars. Cannot fail.
step_result run_part(const context& c, step_request& request, const step_verdict& verdict,
                     std::size_t part, std::size_t part_count) noexcept;

// The same in parts, for a step over several lists. The verdict comes first.

/// Updates the tensors. Cannot fail.
pass_outcome update_tensors(const context& c, step_request& request) noexcept;

/// Updates the tensors of several lists whose rule, the same for all, sums over all tensors. Cannot
/// fail.
pass_outcome update_tensors(const context& c, std::span<step_request> requests) noexcept;

/// Makes the request's transform. Cannot fail.
void transform_tensors(const context& c, const step_request& request) noexcept;

/// Zeroes the gradients: all that a skipped step may do. Returns the number of pieces that ran.
/// Cannot fail.
std::uint64_t zero_gradients(const context& c, const tensor_list& tensors) noexcept;

}  // namespace gradstep::internal
