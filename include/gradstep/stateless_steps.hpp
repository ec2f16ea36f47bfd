// Stateless steps for C++: include gradstep.hpp.
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
#include <vector>

namespace gradstep {

/// A step of the rule for every tensor of the list, as one parallel region. What the options leave
/// out is not done; options.step counts from 1. Look at the result's is_skipped after CHECK_FINITE.
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

/// The same with no option but the gradients' scale.
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

/// The global gradient norm of the list, with a count of the elements that are not finite.
inline gradstep_norm_result gradient_norm(const context& context,
                                          const std::vector<gradstep_tensor>& tensors) {
  auto result = sized<gradstep_norm_result>();
  throw_on_failure(gradstep_gradient_norm(context.get(), tensors.data(), tensors.size(), &result));
  return result;
}

}  // namespace gradstep

#endif  // GRADSTEP_STATELESS_STEPS_HPP
