// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "capi/catalogue_calls.hpp"
#include "capi/option_checks.hpp"
#include "capi/rule_state_checks.hpp"
#include "capi/tensor_checks.hpp"
#include "capi/tensor_reading.hpp"
#include "optimizer/state_memory.hpp"
#include "step/gradient_norm.hpp"
#include "step/pass_workspace.hpp"

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

gradstep_status read_options(const gradstep_apply_options* given,
                             input_struct<gradstep_apply_options>& options) {
  if (const auto s = options.read(given, "options"); s != GRADSTEP_OK) return s;
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
  r.shared_scalars = o.scalars;
  return r;
}

/// Divides the caller's workspace between the tensors, or memory that `own` keeps.
/// INVALID_ARGUMENT for a workspace that is too small, OUT_OF_MEMORY.
[[gnu::noinline]] gradstep_status provide_workspace(const gradstep_apply_options& o,
                                                    state_block& own, step_request& r) noexcept {
  const std::size_t needed = workspace_size(r.rule, r.values, r.tensors);
  if (const auto s = check_workspace(o, unaligned_size(needed)); s != GRADSTEP_OK) return s;
  if (needed == 0) return GRADSTEP_OK;
  void* memory = o.workspace;
  std::size_t size = o.workspace_size;
  if (memory != nullptr) {
    std::align(workspace_alignment, needed, memory, size);
    r.workspaces = divide_workspace(r.rule, r.values, r.tensors, memory);
    return GRADSTEP_OK;
  }
  return guarded([&] {
    own = state_block(needed);
    r.workspaces = divide_workspace(r.rule, r.values, r.tensors, own.data());
    return GRADSTEP_OK;
  });
}

[[gnu::noinline]] gradstep_status check_rule_state(const gradstep_rule& rule,
                                                   const given_list& tensors,
                                                   const gradstep_apply_options& o) noexcept {
  const rule_info& info = *rule.entry->info;
  const std::size_t shared = scalar_count(info, scalar_scope::all);
  if (const auto s = check_scalars("options", o.scalars, o.scalar_count, info, shared, false);
      s != GRADSTEP_OK) {
    return s;
  }
  return check_modes(info, tensors, 0, "a step");
}

/// A step of a rule that has passes or scalars, or with options for such rules.
[[gnu::noinline]] gradstep_status step_with_state(const context& c, const gradstep_rule& rule,
                                                  const given_list& tensors,
                                                  const gradstep_apply_options& o,
                                                  gradstep_apply_result* result) noexcept {
  if (const auto s = check_rule_state(rule, tensors, o); s != GRADSTEP_OK) return s;
  step_request request = request_of(rule, tensors.tensors(), o);
  state_block own;
  if (const auto s = provide_workspace(o, own, request); s != GRADSTEP_OK) return s;
  fill_apply_result(result, run_step(c, request, gradient_limits_of(o)));
  return GRADSTEP_OK;
}

bool has_state(const rule_entry& rule, const gradstep_apply_options& o) noexcept {
  return rule.has_passes || !rule.info->scalars.empty() || o.scalars != nullptr ||
         o.workspace != nullptr || (o.scalar_count | o.workspace_size) != 0;
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
  input_struct<gradstep_apply_options> fields;
  if (const auto s = read_options(options, fields); s != GRADSTEP_OK) return s;
  if (const auto s = check_apply_result(result); s != GRADSTEP_OK) return s;
  const bool zeroes_grad = has(*fields, GRADSTEP_APPLY_ZERO_GRAD);
  if (const auto s = check_tensors(*rule, tensors, tensor_count, zeroes_grad); s != GRADSTEP_OK) {
    return s;
  }
  const given_list list(tensors, tensor_count);
  if (has_state(*rule->entry, *fields)) {
    return step_with_state(context->value, *rule, list, *fields, result);
  }
  step_request request = request_of(*rule, list.tensors(), *fields);
  fill_apply_result(result, run_step(context->value, request, gradient_limits_of(*fields)));
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
