// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "context.hpp"
#include "tensor_list.hpp"

namespace gradstep::internal {

struct gradient_sums {
  double sum_of_squares;
  std::uint64_t non_finite_count;
  std::uint64_t piece_count;
};

/// Over all gradients of a validated list, in one reading pass. Each tensor's sum is taken over
/// blocks of a fixed size in order, then the tensors' sums in order, so the bits depend on nothing
/// else. Cannot fail.
gradient_sums sum_gradients(const context& c, const tensor_list& tensors) noexcept;

}  // namespace gradstep::internal
