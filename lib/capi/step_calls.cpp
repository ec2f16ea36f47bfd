// SPDX-License-Identifier: Apache-2.0
#include "capi/catalogue_calls.hpp"
#include "capi/option_checks.hpp"
#include "capi/tensor_checks.hpp"
#include "capi/tensor_reading.hpp"
#include "step/gradient_norm.hpp"

namespace gradstep::internal {
namespace {

gradstep_status check_numbers(const gradstep_apply_options& o) {
  if (o.step == 0 || o.step > static_cast<std::uint64_t>(last_step)) {
    return fail(GRADSTEP_OUT_OF_RANGE,
                "options.step = %llu is outside [1, 2^53]: steps are counted from 1",
                static_cast<unsigned long long>(o.step));
  }
  if (const auto s = check_number(o, GRADSTEP_APPLY_GRAD_SCALE, "grad_scale", o.grad_scale,
                                  std::isfinite(o.grad_scale), "finite");
      s != GRADSTEP_OK) {
    return s;
  }
  return check_shared_numbers(o);
}

gradstep_status check_options(const gradstep_apply_options* options) {
  if (const auto s = check_struct(options, "options"); s != GRADSTEP_OK) return s;
  constexpr std::uint64_t known = 2 * GRADSTEP_APPLY_FRESH_SLOTS - 1;
  if (const auto s = check_known_flags("options.flags", options->flags, known); s != GRADSTEP_OK)
    return s;
  return check_numbers(*options);
}

step_request request_of(const gradstep_rule& rule, const tensor_list& tensors,
                        const gradstep_apply_options& o) {
  step_request r{.rule = *rule.entry, .values = rule.values, .tensors = tensors};
  r.step = o.step;
  if (has(o, GRADSTEP_APPLY_GRAD_SCALE)) r.grad_scale = o.grad_scale;
  r.has_fresh_slots = has(o, GRADSTEP_APPLY_FRESH_SLOTS);
  r.options = step_options_of(o);
  return r;
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_apply(const gradstep_context* context, const gradstep_rule* rule,
                               const gradstep_tensor* tensors, size_t tensor_count,
                               const gradstep_apply_options* options,
                               gradstep_apply_result* result) {
  if (context == nullptr) return fail_as_null("context");
  if (const auto s = check_rule(rule); s != GRADSTEP_OK) return s;
  if (const auto s = check_options(options); s != GRADSTEP_OK) return s;
  if (const auto s = check_apply_result(result); s != GRADSTEP_OK) return s;
  if (const auto s = check_tensors(*rule, tensors, tensor_count); s != GRADSTEP_OK) return s;
  const step_request request =
      request_of(*rule, given_list(tensors, tensor_count).tensors(), *options);
  fill_apply_result(result, run_step(context->value, request, gradient_limits_of(*options)));
  return GRADSTEP_OK;
}

gradstep_status gradstep_gradient_norm(const gradstep_context* context,
                                       const gradstep_tensor* tensors, size_t tensor_count,
                                       gradstep_norm_result* result) {
  if (context == nullptr) return fail_as_null("context");
  if (const auto s = check_output_struct(result, "result"); s != GRADSTEP_OK) return s;
  if (const auto s = check_gradients(tensors, tensor_count); s != GRADSTEP_OK) return s;
  const gradient_sums sums = sum_gradients(
      context->value, given_list(tensors, tensor_count).tensors(), norm_view::as_stored, 1);
  fill_output(*result, {0, sums.norm.value(), sums.non_finite_count, sums.piece_count});
  return GRADSTEP_OK;
}

}  // extern "C"
