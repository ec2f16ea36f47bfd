// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include "kernels/loops/norm_sum.hpp"
#include "step/tensor_list.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {

/// fraction 2^exponent: a norm may be beyond the range of double where its gradients are not.
struct gradient_norm {
  double fraction = 0;
  int exponent = 0;
  double value() const { return std::ldexp(fraction, exponent); }
};

struct gradient_sums {
  gradient_norm norm;
  std::uint64_t non_finite_count;
  std::uint64_t piece_count;
};

/// How the gradients of a list are looked at.
enum class norm_view {
  as_stored,   // float64 gradients as they are
  as_stepped,  // converted to the type that their tensor is computed in
};

/// Over all gradients of a validated list, in one reading pass. Each tensor's sum is taken over
/// blocks of a fixed size in order, then the tensors' sums in order, so the bits depend on nothing
/// else. The norm is that of gradients times the scale; elements that are not finite once scaled
/// are counted. `each`, unless it is null, becomes every tensor's own sum. Cannot fail.
gradient_sums sum_gradients(const context& c, const tensor_list& tensors, norm_view view,
                            double scale, norm_sum* each = nullptr) noexcept;

/// What sum_gradients gives for tensors whose sums were taken one by one, in the same order.
gradient_sums total_of(const context& c, std::span<const norm_sum> sums, double scale) noexcept;

}  // namespace gradstep::internal
