// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "gradient_norm.hpp"
#include "step.hpp"
#include "tensor_checks.hpp"

namespace gradstep::internal {
namespace {

constexpr std::uint64_t last_step = std::uint64_t{1} << 53;

bool has(const gradstep_apply_options& options, std::uint64_t flag) {
  return (options.flags & flag) != 0;
}

gradstep_status check_number(const gradstep_apply_options& options, std::uint64_t flag,
                             const char* field, double value, bool is_allowed,
                             const char* allowed) {
  if (!has(options, flag) || is_allowed) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "options.%s = %s is not %s", field, to_text(value).text,
              allowed);
}

gradstep_status check_numbers(const gradstep_apply_options& o) {
  if (o.step == 0 || o.step > last_step) {
    return fail(GRADSTEP_OUT_OF_RANGE,
                "options.step = %llu is outside [1, 2^53]: steps are counted from 1",
                static_cast<unsigned long long>(o.step));
  }
  if (const auto s = check_number(o, GRADSTEP_APPLY_GRAD_SCALE, "grad_scale", o.grad_scale,
                                  std::isfinite(o.grad_scale), "finite");
      s != GRADSTEP_OK) {
    return s;
  }
  if (const auto s =
          check_number(o, GRADSTEP_APPLY_MAX_NORM, "max_norm", o.max_norm,
                       o.max_norm > 0 && std::isfinite(o.max_norm), "a finite number above 0");
      s != GRADSTEP_OK) {
    return s;
  }
  if (const auto s =
          check_number(o, GRADSTEP_APPLY_MAX_VALUE, "max_value", o.max_value,
                       o.max_value > 0 && std::isfinite(o.max_value), "a finite number above 0");
      s != GRADSTEP_OK) {
    return s;
  }
  return check_number(o, GRADSTEP_APPLY_AVERAGE, "average_decay", o.average_decay,
                      o.average_decay >= 0 && o.average_decay <= 1, "in [0, 1]");
}

gradstep_status check_options(const gradstep_apply_options* options) {
  if (options == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "options is NULL");
  if (const auto s = check_struct(options, "options"); s != GRADSTEP_OK) return s;
  constexpr std::uint64_t known = 2 * GRADSTEP_APPLY_NEAREST_SLOTS - 1;
  if (const auto s = check_known_flags(options->flags, known); s != GRADSTEP_OK) return s;
  return check_numbers(*options);
}

step_request request_of(const gradstep_rule& rule, const tensor_list& tensors,
                        const gradstep_apply_options& o) {
  step_request r{.rule = *rule.entry, .values = rule.values, .tensors = tensors};
  r.step = o.step;
  if (has(o, GRADSTEP_APPLY_GRAD_SCALE)) r.grad_scale = o.grad_scale;
  if (has(o, GRADSTEP_APPLY_MAX_NORM)) r.max_norm = o.max_norm;
  if (has(o, GRADSTEP_APPLY_MAX_VALUE)) r.value_limit = o.max_value;
  if (has(o, GRADSTEP_APPLY_AVERAGE)) r.average_decay = o.average_decay;
  r.updates_average = has(o, GRADSTEP_APPLY_AVERAGE);
  r.checks_finite = has(o, GRADSTEP_APPLY_CHECK_FINITE);
  r.zeroes_grad = has(o, GRADSTEP_APPLY_ZERO_GRAD);
  r.has_stochastic_param = has(o, GRADSTEP_APPLY_STOCHASTIC_PARAM);
  r.has_nearest_slots = has(o, GRADSTEP_APPLY_NEAREST_SLOTS);
  r.seed = o.seed;
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
  if (context == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "context is NULL");
  if (const auto s = gradstep_rule_check(rule); s != GRADSTEP_OK) return s;
  if (const auto s = check_options(options); s != GRADSTEP_OK) return s;
  if (result != nullptr) {
    if (const auto s = check_output_struct(result, "result"); s != GRADSTEP_OK) return s;
  }
  if (const auto s = check_tensors(*rule, tensors, tensor_count); s != GRADSTEP_OK) return s;
  const step_result r =
      run_step(context->value, request_of(*rule, tensor_list(tensors, tensor_count), *options));
  if (result != nullptr) {
    fill_output(*result, {0, r.piece_count, r.non_finite_count, r.grad_norm, r.clip_factor,
                          r.is_skipped, 0});
  }
  return GRADSTEP_OK;
}

gradstep_status gradstep_gradient_norm(const gradstep_context* context,
                                       const gradstep_tensor* tensors, size_t tensor_count,
                                       gradstep_norm_result* result) {
  if (context == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "context is NULL");
  if (const auto s = check_output_struct(result, "result"); s != GRADSTEP_OK) return s;
  if (const auto s = check_gradients(tensors, tensor_count); s != GRADSTEP_OK) return s;
  const gradient_sums sums =
      sum_gradients(context->value, tensor_list(tensors, tensor_count), norm_view::as_stored, 1);
  fill_output(*result, {0, sums.norm, sums.non_finite_count, sums.piece_count});
  return GRADSTEP_OK;
}

}  // extern "C"
