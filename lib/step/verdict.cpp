// SPDX-License-Identifier: Apache-2.0
#include "step/verdict.hpp"

#include <cmath>

#include "base/float_environment.hpp"

namespace gradstep::internal {
namespace {

/// max_norm / (norm + 1e-6), at most 1; NaN for a norm that is NaN.
double clip_factor(const gradient_norm& norm, double value, double max_norm) {
  // An infinite value is a norm beyond the range of double. Its factor may still be a double.
  const double factor = std::isinf(value) ? std::ldexp(max_norm / norm.fraction, -norm.exponent)
                                          : max_norm / (value + 1e-6);
  return factor < 1 || std::isnan(factor) ? factor : 1;
}

step_verdict judge(const gradient_norm& norm, std::uint64_t non_finite_count,
                   const gradient_limits& limits) {
  const double value = norm.value();
  step_verdict verdict{.non_finite_count = non_finite_count, .grad_norm = value};
  verdict.is_skipped = limits.checks_finite && non_finite_count != 0;
  if (limits.max_norm < std::numeric_limits<double>::infinity()) {
    verdict.clip_factor = clip_factor(norm, value, limits.max_norm);
  }
  return verdict;
}

}  // namespace

step_verdict judge_gradients(const context& c, const tensor_list& tensors, double grad_scale,
                             const gradient_limits& limits) noexcept {
  const gradient_sums sums = sum_gradients(c, tensors, norm_view::as_stepped, grad_scale);
  return judge_norm(sums.norm, sums.non_finite_count, limits);
}

step_verdict judge_norm(const gradient_norm& norm, std::uint64_t non_finite_count,
                        const gradient_limits& limits) noexcept {
  // Denormals are kept: a clip factor may be one.
  return in_step_environment(false, [&] { return judge(norm, non_finite_count, limits); });
}

}  // namespace gradstep::internal
