// SPDX-License-Identifier: Apache-2.0
//
// Steps of stored parameters, with any options.
#pragma once

#include <gradstep/gradstep.h>

#include <cstdint>
#include <vector>

#include "support/plain_steps.hpp"
#include "support/sized_struct.hpp"
#include "support/stored_parameter.hpp"

namespace gradstep_test {

/// Every flag of a step but FRESH_SLOTS and the two that choose the rounding.
inline constexpr std::uint64_t all_flags = 63;

inline constexpr std::uint64_t rounding_seed = 0x5eed;

/// Options with these flags, and numbers that make each flag change the result.
inline gradstep_apply_options apply_options(std::uint64_t flags, std::uint64_t step = 1) {
  auto options = at_step(step);
  options.flags = flags;
  options.grad_scale = 1 / 3.0;
  options.max_norm = 20;
  options.max_value = 0.75;
  options.average_decay = (flags & GRADSTEP_APPLY_AVERAGE_EQUAL) == 0 ? 0.9 : 0;
  options.seed = rounding_seed;
  return options;
}

/// One step that must succeed.
inline gradstep_apply_result apply_views(const gradstep_context* context, const gradstep_rule* rule,
                                         const std::vector<stored_view>& views,
                                         const gradstep_apply_options& options) {
  std::vector<gradstep_tensor> list;
  list.reserve(views.size());
  for (const auto& view : views) list.push_back(view.tensor);
  return apply_list(context, rule, list, options);
}

/// One step that must succeed. The first parameter's shared scalars become those of all.
inline gradstep_apply_result apply_stored(const gradstep_context* context,
                                          const gradstep_rule* rule,
                                          std::vector<stored_parameter>& parameters,
                                          const gradstep_apply_options& options) {
  const auto result =
      apply_views(context, rule, views_of(parameters), with_scalars_of(parameters[0], options));
  for (auto& each : parameters) each.shared_scalars = parameters[0].shared_scalars;
  return result;
}
inline gradstep_apply_result apply_stored(const gradstep_context* context,
                                          const gradstep_rule* rule, stored_parameter& target,
                                          const gradstep_apply_options& options) {
  const auto view = target.view();
  return apply_list(context, rule, {view.tensor}, with_scalars_of(target, options));
}

/// Steps 1 to `steps` of one parameter, each with its own gradient; gives the result of the last.
inline gradstep_apply_result run_stored(const gradstep_context* context, const gradstep_rule* rule,
                                        stored_parameter& target, std::uint64_t flags,
                                        std::uint64_t steps = 3) {
  auto result = sized<gradstep_apply_result>();
  for (std::uint64_t step = 1; step <= steps; ++step) {
    target.set_gradient(step);
    result = apply_stored(context, rule, target, apply_options(flags, step));
  }
  return result;
}

}  // namespace gradstep_test
