// SPDX-License-Identifier: Apache-2.0
//
// One step of a rule over a list of tensors, as one parallel region.
#pragma once

#include <cstdint>

#include "catalogue.hpp"
#include "context.hpp"
#include "tensor_list.hpp"

namespace gradstep::internal {

/// Everything in it has been validated.
struct step_request {
  const catalogue_entry& rule;
  const double* values;  // of the rule's hyper-parameters
  tensor_list tensors;
  std::uint64_t step;  // t, from 1
  double grad_scale;
};

/// Returns how many pieces ran. Cannot fail.
std::uint64_t run_step(const context& c, const step_request& request) noexcept;

}  // namespace gradstep::internal
