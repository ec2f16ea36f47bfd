// SPDX-License-Identifier: Apache-2.0
//
// What a step decides from all of its gradients before it updates anything.
#pragma once

#include <cstdint>
#include <limits>

#include "step/gradient_norm.hpp"
#include "step/tensor_list.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {

struct gradient_limits {
  double max_norm = std::numeric_limits<double>::infinity();  // clips gradients by norm
  bool tells_norm = false;
  bool checks_finite = false;  // skips the step if a gradient is not finite

  /// Whether gradients have to be read before the step.
  bool reads_gradients() const { return checks_finite || tells_norm; }
};

/// The count and the norm are 0 if no limit needs them.
struct step_verdict {
  std::uint64_t non_finite_count = 0;
  double grad_norm = 0;  // of scaled gradients, before clipping
  double clip_factor = 1;
  bool is_skipped = false;
};

/// Reads all gradients of the list. Cannot fail.
step_verdict judge_gradients(const context& c, const tensor_list& tensors, double grad_scale,
                             const gradient_limits& limits) noexcept;

/// The same for a norm and a count that are known already.
step_verdict judge_norm(const gradient_norm& norm, std::uint64_t non_finite_count,
                        const gradient_limits& limits) noexcept;

}  // namespace gradstep::internal
