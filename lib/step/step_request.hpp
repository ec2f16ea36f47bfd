// SPDX-License-Identifier: Apache-2.0
//
// What a step is asked to do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "rules/rule_catalogue.hpp"
#include "step/tensor_list.hpp"

namespace gradstep::internal {

/// What surrounds the rule in a step.
struct step_options {
  double value_limit = std::numeric_limits<double>::infinity();  // clips gradients by value
  bool updates_average = false;                                  // of tensors that have one
  double average_decay = 0;
  bool averages_equally = false;  // every param has the same weight; there is no decay
  bool zeroes_grad = false;
  bool has_stochastic_param = false;  // rounds params of 16 bits at random, not to nearest
  bool has_nearest_slots = false;     // rounds narrow slots to nearest, not at random
  std::uint64_t seed = 0;
};

/// One step of one rule. Everything in it has been validated.
struct step_request {
  const rule_entry& rule;
  const double* values;  // of the rule's hyper-parameters
  tensor_list tensors;
  std::uint64_t step = 1;  // t
  double grad_scale = 1;
  double clip_factor = 1;        // of clipping by norm; gradients are multiplied by both
  bool has_fresh_slots = false;  // some slot is still at its initial value; implied by t = 1
  /// Params in the moving averages; 0: they begin with this step's. It counts only if the options
  /// update averages.
  std::uint64_t average_count = 0;
  step_options options = {};
  double* shared_scalars = nullptr;  // of the rule, with the scope of all tensors
  /// For rules of several passes: the workspace of each tensor, by its place in the list. Null: the
  /// tensors have their own.
  std::byte* const* workspaces = nullptr;
  std::size_t transform = no_index;  // of the rule's transforms, to make in place of a step
  std::size_t cursor = 0;  // for update_in_passes: the tensor whose sums are to be added next

  /// A decay of 1 leaves an average as it is once it has begun.
  bool updates_average() const {
    return options.updates_average && (average_count == 0 || options.average_decay < 1);
  }
};

}  // namespace gradstep::internal
