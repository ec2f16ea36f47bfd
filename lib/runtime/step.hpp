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
  bool updates_average = false;                                  // of the tensors that have one
  double average_weight = 0;                                     // 1 - its decay
  bool zeroes_grad = false;
  bool has_stochastic_param = false;  // bfloat16 params are rounded at random
  bool has_nearest_slots = false;     // narrow slots are rounded to nearest
  std::uint64_t seed = 0;
};

/// Returns how many pieces ran. Cannot fail.
std::uint64_t run_step(const context& c, const step_request& request) noexcept;

/// Leaves zeros in every gradient: all that remains of a step that is skipped. Cannot fail.
std::uint64_t zero_gradients(const context& c, const tensor_list& tensors) noexcept;

}  // namespace gradstep::internal
