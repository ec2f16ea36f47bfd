// SPDX-License-Identifier: Apache-2.0
//
// What some gradients contribute to a gradient norm.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/storage/operand.hpp"

namespace gradstep::internal {

/// sum 4^exponent: the elements are divided by 2^exponent before they are squared, because the
/// squares themselves can leave the range of double at either end.
struct scaled_sum {
  double sum;
  int exponent;
};

/// Of unscaled gradients: of a block, a tensor, or a list of tensors.
struct norm_sum {
  scaled_sum squares;
  std::uint64_t non_finite_count;  // elements that are not finite, or not once they are scaled
};

/// A part of a tensor's gradient.
struct gradient_block {
  operand grad;         // of the whole tensor
  std::size_t columns;  // of the tensor; used only if the gradient has gaps between its rows
  std::size_t first, count;
};

}  // namespace gradstep::internal
