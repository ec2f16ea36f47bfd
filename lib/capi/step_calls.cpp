// SPDX-License-Identifier: Apache-2.0
#include "capi/catalogue_calls.hpp"
#include "capi/option_checks.hpp"
#include "capi/rule_state_checks.hpp"
#include "capi/stateless_step.hpp"
#include "capi/tensor_checks.hpp"
#include "step/gradient_norm.hpp"

namespace gradstep::internal {
namespace {

/// Checks the arguments of a step over a list, which then are read.
gradstep_status check_step(const gradstep_context* context, const gradstep_rule* rule,
                           const gradstep_tensor* tensors, std::size_t tensor_count,
                           const gradstep_apply_options* given, const gradstep_apply_result* result,
                           input_struct<gradstep_apply_options>& options) noexcept {
  if (context == nullptr) return fail_as_null("context");
  if (const auto s = check_rule(rule); s != GRADSTEP_OK) return s;
  if (const auto s = read_apply_options(given, options); s != GRADSTEP_OK) return s;
  if (const auto s = check_step_number("options.step", options->step); s != GRADSTEP_OK) return s;
  if (const auto s = check_apply_result(result); s != GRADSTEP_OK) return s;
  const bool zeroes_grad = has(*options, GRADSTEP_APPLY_ZERO_GRAD);
  if (const auto s = check_tensors(*rule, tensors, tensor_count, zeroes_grad); s != GRADSTEP_OK) {
    return s;
  }
  if (!has_rule_state(*rule->entry, *options)) return GRADSTEP_OK;
  return check_rule_state(*rule, given_list(tensors, tensor_count), *options);
}

constexpr std::size_t most_parts = 1024;

gradstep_status check_part(std::size_t part, std::size_t part_count) noexcept {
  if (part_count == 0 || part_count > most_parts) {
    return fail(GRADSTEP_OUT_OF_RANGE, "part_count = %zu is outside [1, %zu]", part_count,
                most_parts);
  }
  if (part < part_count) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "part = %zu is not below part_count = %zu", part, part_count);
}

/// UNSUPPORTED for a rule whose parts would have to know of each other.
gradstep_status check_has_parts(const rule_entry& rule) noexcept {
  if (rule.has_passes) {
    return fail(GRADSTEP_UNSUPPORTED,
                "%s sums over tensors, and each part would need the sum of all parts: "
                "gradstep_apply makes the whole step",
                rule.info->name);
  }
  if (rule.info->scalars.empty()) return GRADSTEP_OK;
  return fail(
      GRADSTEP_UNSUPPORTED,
      "%s has the scalar %s, which no part could write while others read it: gradstep_apply "
      "makes the whole step",
      rule.info->name, rule.info->scalars[0].name);
}

/// WRONG_ORDER for a part that would have to read the gradients of all parts.
gradstep_status check_norm_is_given(const gradstep_apply_options& o) noexcept {
  if (has(o, GRADSTEP_APPLY_GRAD_NORM) || !gradient_limits_of(o).reads_gradients()) {
    return GRADSTEP_OK;
  }
  return fail(GRADSTEP_WRONG_ORDER,
              "GRADSTEP_APPLY_MAX_NORM or GRADSTEP_APPLY_CHECK_FINITE needs all gradients first: "
              "call gradstep_gradient_norm, and give GRADSTEP_APPLY_GRAD_NORM");
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_apply(const gradstep_context* context, const gradstep_rule* rule,
                               const gradstep_tensor* tensors, size_t tensor_count,
                               const gradstep_apply_options* options,
                               gradstep_apply_result* result) {
  input_struct<gradstep_apply_options> fields;
  if (const auto s = check_step(context, rule, tensors, tensor_count, options, result, fields);
      s != GRADSTEP_OK) {
    return s;
  }
  step_request request =
      request_of(*rule, given_list(tensors, tensor_count).tensors(), *fields, fields->step);
  return run_checked(context->value, request, *fields, result);
}

gradstep_status gradstep_apply_part(const gradstep_context* context, const gradstep_rule* rule,
                                    const gradstep_tensor* tensors, size_t tensor_count,
                                    const gradstep_apply_options* options, size_t part,
                                    size_t part_count, gradstep_apply_result* result) {
  if (const auto s = check_part(part, part_count); s != GRADSTEP_OK) return s;
  input_struct<gradstep_apply_options> fields;
  if (const auto s = check_step(context, rule, tensors, tensor_count, options, result, fields);
      s != GRADSTEP_OK) {
    return s;
  }
  if (const auto s = check_has_parts(*rule->entry); s != GRADSTEP_OK) return s;
  if (const auto s = check_norm_is_given(*fields); s != GRADSTEP_OK) return s;
  if (const auto s = check_workspace(*fields, 0); s != GRADSTEP_OK) return s;
  step_request request =
      request_of(*rule, given_list(tensors, tensor_count).tensors(), *fields, fields->step);
  const step_verdict verdict =
      has(*fields, GRADSTEP_APPLY_GRAD_NORM) ? given_verdict(*fields) : step_verdict();
  fill_apply_result(result, run_part(context->value, request, verdict, part, part_count));
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
  fill_output(result, {0, sums.norm.value(), sums.non_finite_count, sums.piece_count});
  return GRADSTEP_OK;
}

}  // extern "C"
