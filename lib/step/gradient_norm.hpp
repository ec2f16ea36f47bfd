// SPDX-License-Identifier: Apache-2.0
//
// The norm of the gradients of a list, and how many of their elements are not finite.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include "kernels/loops/norm_sum.hpp"
#include "step/tensor_list.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {

/// fraction 2^exponent: a norm may be beyond the range of double though its gradients are not.
struct gradient_norm {
  double fraction = 0;
  int exponent = 0;
  double value() const { return std::ldexp(fraction, exponent); }
};

struct gradient_sums {
  gradient_norm norm;
  std::uint64_t non_finite_count;
  std::uint64_t piece_count;  // pieces that ran
};

/// The type in which gradients are squared.
enum class norm_view {
  as_stored,   // float64 for float64 gradients, else float32
  as_stepped,  // the type that the tensor is computed in
};

/// Reads all gradients of a validated list once. The norm is that of the gradients times the scale.
/// Elements that are not finite once scaled are counted. The bits depend on the list alone: blocks
/// of a fixed size are added in a binary tree over their numbers to their tensor's sum, and the
/// tensors' sums in order.
/// `each`, unless it is null, gets every tensor's own sum. Cannot fail.
gradient_sums sum_gradients(const context& c, const tensor_list& tensors, norm_view view,
                            double scale, norm_sum* each = nullptr) noexcept;

/// The result of sum_gradients for tensors whose sums were taken one by one, in the same order.
gradient_sums total_of(const context& c, std::span<const norm_sum> sums, double scale) noexcept;

}  // namespace gradstep::internal
