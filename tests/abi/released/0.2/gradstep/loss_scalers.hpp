// Loss scaling. Programs include gradstep.hpp.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef GRADSTEP_LOSS_SCALERS_HPP
#define GRADSTEP_LOSS_SCALERS_HPP

#include <gradstep/gradstep.h>
#include <gradstep/c_calls.hpp>

namespace gradstep {

/// A dynamic loss scale for stateless steps. In each step:
///   1. multiply the loss by scale();
///   2. call unscale() with the options of the step, then apply() with these options;
///   3. call update() with the result of apply();
///   4. count the step, unless the result says that it was skipped.
class loss_scaler {
 public:
  /// Begins with the values of gradstep_loss_scaler_init.
  loss_scaler() : state_(sized<gradstep_loss_scaler>()) {
    throw_on_failure(gradstep_loss_scaler_init(&state_));
  }
  /// Begins with the given values, such as those of a checkpoint. update() checks them.
  explicit loss_scaler(const gradstep_loss_scaler& state) : state_(state) {}

  double scale() const noexcept { return state_.scale; }
  const gradstep_loss_scaler& state() const noexcept { return state_; }

  /// Sets the options so that the step divides the gradients by scale(), and is skipped if a
  /// gradient is not finite.
  void unscale(gradstep_apply_options& options) const {
    options.flags |= GRADSTEP_APPLY_GRAD_SCALE | GRADSTEP_APPLY_CHECK_FINITE;
    options.grad_scale = 1 / state_.scale;
  }
  /// Lowers the scale after a skipped step. Raises it after many steps in a row without a skip.
  void update(const gradstep_apply_result& result) {
    throw_on_failure(gradstep_loss_scaler_update(&state_, result.is_skipped));
  }

 private:
  gradstep_loss_scaler state_;
};

}  // namespace gradstep

#endif  // GRADSTEP_LOSS_SCALERS_HPP
