// SPDX-License-Identifier: Apache-2.0
//
// Stepping an optimizer.
#include <cmath>

#include "capi/optimizer_calls.hpp"
#include "capi/option_checks.hpp"
#include "optimizer/accumulation.hpp"
#include "optimizer/gradients.hpp"
#include "optimizer/stepping.hpp"

namespace gradstep::internal {
namespace {

gradstep_status check_norm(const gradstep_step_options& o) {
  if (!has(o, GRADSTEP_STEP_GRAD_NORM)) return GRADSTEP_OK;
  if (has(o, GRADSTEP_STEP_INSPECTED)) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "GRADSTEP_STEP_GRAD_NORM and GRADSTEP_STEP_INSPECTED exclude each other");
  }
  // Gradients that are not finite make the norm infinite, or a NaN of either sign. An infinite norm
  // would clip to 0.
  const bool is_possible = std::isnan(o.grad_norm) || o.grad_norm >= 0;
  if (is_possible && (std::isfinite(o.grad_norm) || o.non_finite_count > 0)) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE,
              "options.grad_norm = %s is not a finite number from 0 on, beside "
              "non_finite_count = %llu",
              to_text(o.grad_norm).text, static_cast<unsigned long long>(o.non_finite_count));
}

/// NULL: no options.
gradstep_status read_options(const gradstep_step_options* given, step_settings& settings) {
  if (given == nullptr) return GRADSTEP_OK;
  input_struct<gradstep_step_options> fields;
  if (const auto s = fields.read(given, "options"); s != GRADSTEP_OK) return s;
  constexpr std::uint64_t known =
      GRADSTEP_STEP_GRAD_SCALE | GRADSTEP_STEP_GRAD_NORM | GRADSTEP_STEP_INSPECTED;
  if (const auto s = check_known_flags("options.flags", fields->flags, known); s != GRADSTEP_OK)
    return s;
  if (const auto s = check_number(*fields, GRADSTEP_STEP_GRAD_SCALE, "grad_scale",
                                  fields->grad_scale, std::isfinite(fields->grad_scale), "finite");
      s != GRADSTEP_OK) {
    return s;
  }
  if (const auto s = check_norm(*fields); s != GRADSTEP_OK) return s;
  using source = step_settings::norm_source;
  if (has(*fields, GRADSTEP_STEP_GRAD_SCALE)) settings.grad_scale = fields->grad_scale;
  if (has(*fields, GRADSTEP_STEP_INSPECTED)) settings.source = source::inspected;
  if (has(*fields, GRADSTEP_STEP_GRAD_NORM)) {
    settings.source = source::given;
    settings.grad_norm = fields->grad_norm;
    settings.non_finite_count = fields->non_finite_count;
  }
  return GRADSTEP_OK;
}

gradstep_status check_scale(const char* name, double scale) {
  if (std::isfinite(scale)) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "%s = %s is not finite", name, to_text(scale).text);
}

gradstep_status check_in_step(const optimizer& o) {
  if (o.step.awaits_tensors) return GRADSTEP_OK;
  return fail(GRADSTEP_WRONG_ORDER,
              "the optimizer is not inside a step: gradstep_optimizer_begin_step comes first");
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_optimizer_step(gradstep_optimizer* optimizer,
                                        const gradstep_step_options* options,
                                        gradstep_apply_result* result) {
  return change_between_steps(optimizer, [&](auto& o) {
    step_settings settings;
    if (const auto s = read_options(options, settings); s != GRADSTEP_OK) return s;
    if (const auto s = check_apply_result(result); s != GRADSTEP_OK) return s;
    fill_apply_result(result, step_all(o, settings));
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_begin_step(gradstep_optimizer* optimizer,
                                              const gradstep_step_options* options) {
  return change_between_steps(optimizer, [&](auto& o) {
    step_settings settings;
    if (const auto s = read_options(options, settings); s != GRADSTEP_OK) return s;
    begin_step(o, settings);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_step_tensor(gradstep_optimizer* optimizer, size_t tensor) {
  return change_tensor(optimizer, tensor, [&](auto& o) {
    if (const auto s = check_in_step(o); s != GRADSTEP_OK) return s;
    if (const auto s = check_tensor_index(o, tensor); s != GRADSTEP_OK) return s;
    step_tensor(o, tensor);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_end_step(gradstep_optimizer* optimizer,
                                            gradstep_apply_result* result) {
  return change(optimizer, [&](auto& o) {
    if (const auto s = check_in_step(o); s != GRADSTEP_OK) return s;
    if (const auto s = check_apply_result(result); s != GRADSTEP_OK) return s;
    fill_apply_result(result, end_step(o));
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_inspect(gradstep_optimizer* optimizer, size_t tensor,
                                           double grad_scale) {
  return change_tensor(optimizer, tensor, [&](auto& o) {
    if (const auto s = check_between_steps(o); s != GRADSTEP_OK) return s;
    if (const auto s = check_tensor_or_all(o, tensor); s != GRADSTEP_OK) return s;
    if (const auto s = check_scale("grad_scale", grad_scale); s != GRADSTEP_OK) return s;
    inspect(o, tensor, grad_scale);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_accumulate(gradstep_optimizer* optimizer, size_t tensor,
                                              double scale) {
  return change_tensor(optimizer, tensor, [&](auto& o) {
    if (const auto s = check_tensor_or_all(o, tensor); s != GRADSTEP_OK) return s;
    if (const auto s = check_scale("scale", scale); s != GRADSTEP_OK) return s;
    accumulate(o, tensor, scale);
    return GRADSTEP_OK;
  });
}

}  // extern "C"
