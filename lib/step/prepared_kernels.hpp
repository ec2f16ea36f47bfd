// SPDX-License-Identifier: Apache-2.0
//
// The kernels of one step, and the constants that they are given.
#pragma once

#include <cstddef>

#include "kernels/kernel_table.hpp"
#include "step/list_pieces.hpp"
#include "step/step_request.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {

/// Runs a kernel over a range, which may have gaps between its rows.
void run_kernel(const step_kernel& kernel, const prepared_step& prepared,
                const step_range& range) noexcept;

/// For each type that the step is computed in: its kernel, and the constants of the step. For rules
/// of one pass without scalars. The caller sets the step's floating-point environment.
class prepared_kernels {
 public:
  prepared_kernels(const context& c, const step_request& r, const list_summary& summary);

  void run(const step_range& range) const {
    if (computed_type(range.param.type) == dtype::float64) {
      return run_kernel(table_.float64.steps[kernel_], float64_, range);
    }
    run_kernel(table_.float32.steps[kernel_], float32_, range);
  }

 private:
  const kernel_table& table_;
  std::size_t kernel_;
  prepared_step float32_;  // set if the list has tensors that are computed in float32
  prepared_step float64_;  // likewise in float64
};

/// The scalars of a tensor's step, in the order of the rule's info: those of the tensor and those
/// of all tensors.
struct step_scalars {
  double values[max_scalars];
};

/// The constants of steps of one rule for one tensor after the other. They are computed anew when a
/// tensor differs from the one before in something that they depend on. The caller sets the step's
/// floating-point environment.
class tensor_constants {
 public:
  /// total: the elements of the whole step.
  tensor_constants(const context& c, const step_request& r, std::size_t total)
      : table_(*c.isa->kernels), request_(r), total_(total) {}

  /// Computes what the tensor needs.
  void prepare_for(const tensor& t);

  // Of the tensor that was prepared last.

  const step_kernel& kernel() const { return *kernel_; }
  const prepared_step& prepared() const { return prepared_; }
  const step_scalars& before() const { return before_; }
  const step_scalars& after() const { return after_; }

 private:
  const kernel_table& table_;
  const step_request& request_;
  std::size_t total_;
  const step_kernel* kernel_ = nullptr;  // null: nothing is prepared
  dtype param_type_{};
  step_scalars before_{}, after_{};
  prepared_step prepared_{};
};

/// The request of a tensor's constants. Both sets of scalars must outlive it.
prepare_request request_for(const step_request& r, const tensor& t, const step_scalars& before,
                            step_scalars& after) noexcept;

/// Stores the scalars after a step: those of the tensor, and those of all tensors.
void store_scalars(const step_request& r, const tensor& t, const step_scalars& after) noexcept;

}  // namespace gradstep::internal
