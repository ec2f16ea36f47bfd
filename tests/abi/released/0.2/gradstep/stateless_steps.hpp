// Stateless steps. Programs include gradstep.hpp.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef GRADSTEP_STATELESS_STEPS_HPP
#define GRADSTEP_STATELESS_STEPS_HPP

#include <gradstep/gradstep.h>
#include <gradstep/c_calls.hpp>
#include <gradstep/contexts.hpp>
#include <gradstep/rules.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gradstep {

/// Applies one step of the rule to every tensor of the list, as one parallel region. options.step
/// counts from 1. With GRADSTEP_APPLY_CHECK_FINITE the step may be skipped: check is_skipped in the
/// result.
inline gradstep_apply_result apply(const context& context, const rule& rule,
                                   const gradstep_tensor* tensors, std::size_t tensor_count,
                                   const gradstep_apply_options& options) {
  auto result = sized<gradstep_apply_result>();
  throw_on_failure(
      gradstep_apply(context.get(), rule.get(), tensors, tensor_count, &options, &result));
  return result;
}
inline gradstep_apply_result apply(const context& context, const rule& rule,
                                   const std::vector<gradstep_tensor>& tensors,
                                   const gradstep_apply_options& options) {
  return apply(context, rule, tensors.data(), tensors.size(), options);
}

/// Applies step number `step`, counted from 1. grad_scale multiplies each gradient.
inline gradstep_apply_result apply(const context& context, const rule& rule,
                                   const gradstep_tensor* tensors, std::size_t tensor_count,
                                   std::uint64_t step, double grad_scale = 1) {
  auto options = sized<gradstep_apply_options>();
  options.flags = GRADSTEP_APPLY_GRAD_SCALE;
  options.step = step;
  options.grad_scale = grad_scale;
  return apply(context, rule, tensors, tensor_count, options);
}
inline gradstep_apply_result apply(const context& context, const rule& rule,
                                   const std::vector<gradstep_tensor>& tensors, std::uint64_t step,
                                   double grad_scale = 1) {
  return apply(context, rule, tensors.data(), tensors.size(), step, grad_scale);
}

/// Makes part `part` of part_count parts of that step, on the calling thread alone. Several threads
/// make one part each, with the same arguments, and together the step.
inline gradstep_apply_result apply_part(const context& context, const rule& rule,
                                        const gradstep_tensor* tensors, std::size_t tensor_count,
                                        const gradstep_apply_options& options, std::size_t part,
                                        std::size_t part_count) {
  auto result = sized<gradstep_apply_result>();
  throw_on_failure(gradstep_apply_part(context.get(), rule.get(), tensors, tensor_count, &options,
                                       part, part_count, &result));
  return result;
}
inline gradstep_apply_result apply_part(const context& context, const rule& rule,
                                        const std::vector<gradstep_tensor>& tensors,
                                        const gradstep_apply_options& options, std::size_t part,
                                        std::size_t part_count) {
  return apply_part(context, rule, tensors.data(), tensors.size(), options, part, part_count);
}

/// The bytes that options.workspace needs for a step of the rule over the list; 0: none.
inline std::size_t workspace_size(const rule& rule, const std::vector<gradstep_tensor>& tensors) {
  std::size_t bytes = 0;
  throw_on_failure(gradstep_workspace_size(rule.get(), tensors.data(), tensors.size(), &bytes));
  return bytes;
}

/// Makes a transform of the rule, such as "evaluate", for every tensor of the list.
inline void transform(const context& context, const rule& rule, const gradstep_tensor* tensors,
                      std::size_t tensor_count, const std::string& name) {
  throw_on_failure(
      gradstep_transform(context.get(), rule.get(), tensors, tensor_count, name.c_str()));
}
inline void transform(const context& context, const rule& rule,
                      const std::vector<gradstep_tensor>& tensors, const std::string& name) {
  transform(context, rule, tensors.data(), tensors.size(), name);
}

/// The global norm of all gradients of the list, and the number of elements that are not finite.
inline gradstep_norm_result gradient_norm(const context& context,
                                          const std::vector<gradstep_tensor>& tensors) {
  auto result = sized<gradstep_norm_result>();
  throw_on_failure(gradstep_gradient_norm(context.get(), tensors.data(), tensors.size(), &result));
  return result;
}

}  // namespace gradstep

#endif  // GRADSTEP_STATELESS_STEPS_HPP
