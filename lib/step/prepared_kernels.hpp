// SPDX-License-Identifier: Apache-2.0
//
// The kernels of one step.
#pragma once

#include <cstddef>

#include "kernels/kernel_table.hpp"
#include "step/list_pieces.hpp"
#include "step/step_request.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {

/// For each type that the step is computed in: its kernel, and the constants of the step. The
/// caller sets the step's floating-point environment.
class prepared_kernels {
 public:
  prepared_kernels(const context& c, const step_request& r, const list_summary& summary);

  void run(const step_range& range) const {
    if (computed_type(range.param.type) == dtype::float64) {
      return table_.float64.steps[kernel_].run(float64_, range);
    }
    table_.float32.steps[kernel_].run(float32_, range);
  }

 private:
  const kernel_table& table_;
  std::size_t kernel_;
  prepared_step float32_;  // set if the list has tensors that are computed in float32
  prepared_step float64_;  // likewise in float64
};

}  // namespace gradstep::internal
