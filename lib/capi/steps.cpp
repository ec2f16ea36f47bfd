// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "gradient_norm.hpp"
#include "step.hpp"
#include "tensor_checks.hpp"

namespace gradstep::internal {
namespace {

constexpr std::uint64_t last_step = std::uint64_t{1} << 53;

gradstep_status check_options(const gradstep_apply_options* options) {
  if (options == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "options is NULL");
  if (const auto s = check_struct(options, "options"); s != GRADSTEP_OK) return s;
  constexpr std::uint64_t known = GRADSTEP_APPLY_GRAD_SCALE;
  if (const auto s = check_known_flags(options->flags, known); s != GRADSTEP_OK) return s;
  if (options->step == 0 || options->step > last_step) {
    return fail(GRADSTEP_OUT_OF_RANGE,
                "options.step = %llu is outside [1, 2^53]: steps are counted from 1",
                static_cast<unsigned long long>(options->step));
  }
  const bool is_set = (options->flags & GRADSTEP_APPLY_GRAD_SCALE) != 0;
  if (is_set && !std::isfinite(options->grad_scale)) {
    return fail(GRADSTEP_OUT_OF_RANGE, "options.grad_scale = %s is not finite",
                to_text(options->grad_scale).text);
  }
  return GRADSTEP_OK;
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_apply(const gradstep_context* context, const gradstep_rule* rule,
                               const gradstep_tensor* tensors, size_t tensor_count,
                               const gradstep_apply_options* options,
                               gradstep_apply_result* result) {
  if (context == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "context is NULL");
  if (const auto s = gradstep_rule_check(rule); s != GRADSTEP_OK) return s;
  if (const auto s = check_options(options); s != GRADSTEP_OK) return s;
  if (result != nullptr) {
    if (const auto s = check_output_struct(result, "result"); s != GRADSTEP_OK) return s;
  }
  if (const auto s = check_tensors(*rule, tensors, tensor_count); s != GRADSTEP_OK) return s;
  const bool is_scaled = (options->flags & GRADSTEP_APPLY_GRAD_SCALE) != 0;
  const std::uint64_t pieces =
      run_step(context->value, {*rule->entry, rule->values, tensor_list(tensors, tensor_count),
                                options->step, is_scaled ? options->grad_scale : 1});
  if (result != nullptr) fill_output(*result, {0, pieces});
  return GRADSTEP_OK;
}

gradstep_status gradstep_gradient_norm(const gradstep_context* context,
                                       const gradstep_tensor* tensors, size_t tensor_count,
                                       gradstep_norm_result* result) {
  if (context == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "context is NULL");
  if (const auto s = check_output_struct(result, "result"); s != GRADSTEP_OK) return s;
  if (const auto s = check_gradients(tensors, tensor_count); s != GRADSTEP_OK) return s;
  const gradient_sums sums = sum_gradients(context->value, tensor_list(tensors, tensor_count));
  fill_output(*result,
              {0, std::sqrt(sums.sum_of_squares), sums.non_finite_count, sums.piece_count});
  return GRADSTEP_OK;
}

}  // extern "C"
