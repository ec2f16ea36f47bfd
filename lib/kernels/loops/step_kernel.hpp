// SPDX-License-Identifier: Apache-2.0
//
// A rule's step as compiled for one instruction set, and what it is given: the constants of the
// step and a range of one tensor. All of this is plain data, because it crosses between code
// compiled for different instruction sets.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/storage/operand.hpp"
#include "rules/rule.hpp"

namespace gradstep::internal {

/// The constants of a step for all tensors that are computed in one type.
struct prepared_step {
  alignas(16) unsigned char coefficients[192];  // of the rule, for that type
  double grad_scale;                            // negative when the step maximizes
  double grad_scale_power;  // a second factor of gradients, a power of two; other than 1 only if
                            // the product of both factors would not be a normal number
  double coupled_decay;     // g + coupled_decay p; 0: none
  double decoupled_decay;   // lr weight_decay: the param's decay in one step; 0: none
  // What the loop does around the rule.
  double value_limit;      // scaled gradients are clipped to +-value_limit; infinity: no clipping
  double average_decay;    // of the moving average of the param
  bool copies_to_average;  // the average becomes the param instead
  bool favours_new;        // an average of the rule weighs the new value more than its past
  bool zeroes_grad;
  bool streams_copy;  // a copy of the param bypasses the caches, which a large step would fill
};

/// A range of one tensor. Absent operands have data == nullptr.
struct step_range {
  operand param;
  operand grad;
  operand slots[max_slots];
  operand copy;     // of the param, in another type
  operand average;  // of the param over the steps, in the type of the arithmetic
  std::size_t slot_count;
  std::size_t count;
  std::uint64_t first_index;  // of the range in its tensor; a key of the random bits
  std::uint64_t random_key;   // of the tensor at this step
};

struct step_kernel {
  /// Fills prepared.coefficients and favours_new from the rule's hyper-parameters at step t.
  /// has_fresh_slots: some slot is still at its initial value, as in `arguments` (rules/rule.hpp).
  void (*prepare)(const double* hyperparameters, std::uint64_t step, bool has_fresh_slots,
                  prepared_step& prepared);
  void (*run)(const prepared_step& prepared, const step_range& range);
};

}  // namespace gradstep::internal
