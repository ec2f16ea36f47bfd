// SPDX-License-Identifier: Apache-2.0
#include "capi/stateless_step.hpp"

#include <memory>

#include "capi/option_checks.hpp"
#include "capi/rule_state_checks.hpp"
#include "optimizer/state_memory.hpp"
#include "step/pass_workspace.hpp"

namespace gradstep::internal {
namespace {

void run(const context& c, step_request& r, const gradstep_apply_options& o,
         gradstep_apply_result* result) noexcept {
  fill_apply_result(result, has(o, GRADSTEP_APPLY_GRAD_NORM)
                                ? run_step(c, r, given_verdict(o))
                                : run_step(c, r, gradient_limits_of(o)));
}

/// Divides the caller's workspace between the tensors, or memory that `own` keeps.
/// INVALID_ARGUMENT for a workspace that is too small, OUT_OF_MEMORY.
gradstep_status provide_workspace(const gradstep_apply_options& o, state_block& own,
                                  step_request& r) noexcept {
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

[[gnu::noinline]] gradstep_status run_with_workspace(const context& c, step_request& r,
                                                     const gradstep_apply_options& o,
                                                     gradstep_apply_result* result) noexcept {
  state_block own;
  if (const auto s = provide_workspace(o, own, r); s != GRADSTEP_OK) return s;
  run(c, r, o, result);
  return GRADSTEP_OK;
}

gradstep_status check_average_count(const gradstep_apply_options& o) noexcept {
  if (!has(o, GRADSTEP_APPLY_AVERAGE_COUNT)) return GRADSTEP_OK;
  if (!has(o, GRADSTEP_APPLY_AVERAGE)) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "options.flags has GRADSTEP_APPLY_AVERAGE_COUNT without GRADSTEP_APPLY_AVERAGE");
  }
  if (o.average_count <= static_cast<std::uint64_t>(last_step)) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "options.average_count = %llu is above 2^53",
              static_cast<unsigned long long>(o.average_count));
}

}  // namespace

gradstep_status check_step_number(const char* name, std::uint64_t step) noexcept {
  if (step != 0 && step <= static_cast<std::uint64_t>(last_step)) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "%s = %llu is outside [1, 2^53]: steps are counted from 1",
              name, static_cast<unsigned long long>(step));
}

gradstep_status read_apply_options(const gradstep_apply_options* given,
                                   input_struct<gradstep_apply_options>& options) noexcept {
  if (const auto s = options.read(given, "options"); s != GRADSTEP_OK) return s;
  constexpr std::uint64_t known = 2 * GRADSTEP_APPLY_AVERAGE_EQUAL - 1;
  if (const auto s = check_known_flags("options.flags", options->flags, known); s != GRADSTEP_OK)
    return s;
  if (const auto s =
          check_number(*options, GRADSTEP_APPLY_GRAD_SCALE, "grad_scale", options->grad_scale,
                       std::isfinite(options->grad_scale), "finite");
      s != GRADSTEP_OK) {
    return s;
  }
  if (const auto s = check_shared_numbers(*options); s != GRADSTEP_OK) return s;
  if (const auto s = check_average_count(*options); s != GRADSTEP_OK) return s;
  return has(*options, GRADSTEP_APPLY_GRAD_NORM) ? check_given_norm(*options) : GRADSTEP_OK;
}

gradstep_status check_rule_state(const gradstep_rule& rule, const given_list& tensors,
                                 const gradstep_apply_options& o) noexcept {
  const rule_info& info = *rule.entry->info;
  const std::size_t shared = scalar_count(info, scalar_scope::all);
  if (const auto s = check_scalars("options", o.scalars, o.scalar_count, info, shared, false);
      s != GRADSTEP_OK) {
    return s;
  }
  return check_modes(info, tensors, 0, "a step");
}

step_request request_of(const gradstep_rule& rule, const tensor_list& tensors,
                        const gradstep_apply_options& o, std::uint64_t step) noexcept {
  step_request r{.rule = *rule.entry, .values = rule.values, .tensors = tensors};
  r.step = step;
  if (has(o, GRADSTEP_APPLY_GRAD_SCALE)) r.grad_scale = o.grad_scale;
  r.has_fresh_slots = has(o, GRADSTEP_APPLY_FRESH_SLOTS);
  r.options.seed = o.seed;
  if (o.flags != 0) r.options = step_options_of(o);  // 3 ns of a small step
  r.average_count = has(o, GRADSTEP_APPLY_AVERAGE_COUNT) ? o.average_count : step - 1;
  r.shared_scalars = o.scalars;
  return r;
}

step_verdict given_verdict(const gradstep_apply_options& o) noexcept {
  return judge_norm({o.grad_norm}, o.non_finite_count, gradient_limits_of(o));
}

gradstep_status run_checked(const context& c, step_request& r, const gradstep_apply_options& o,
                            gradstep_apply_result* result) noexcept {
  if (r.rule.has_passes || o.workspace != nullptr || o.workspace_size != 0) {
    return run_with_workspace(c, r, o, result);
  }
  run(c, r, o, result);
  return GRADSTEP_OK;
}

}  // namespace gradstep::internal
