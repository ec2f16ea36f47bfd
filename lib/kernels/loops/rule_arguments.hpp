// SPDX-License-Identifier: Apache-2.0
//
// What a kernel hands to a rule, and asks about it.
#pragma once

#include <string_view>

#include "kernels/loops/step_kernel.hpp"

namespace gradstep::internal {
namespace {

/// Whether the rule changes a slot that has one number per element. A rule without `stores` changes
/// all that it uses.
template <class Rule>
constexpr bool stores(std::string_view slot) {
  if constexpr (requires { Rule::stores(slot); }) {
    return Rule::stores(slot);
  } else {
    return true;
  }
}

constexpr double epsilon_of(dtype type) {
  switch (type) {
    case dtype::float64:
      return 0x1p-52;
    case dtype::bfloat16:
      return 0x1p-7;
    case dtype::float16:
      return 0x1p-10;
    default:
      return 0x1p-23;
  }
}

template <class Rule>
arguments<Rule, double> arguments_of(const prepare_request& r) {
  arguments<Rule, double> h{r.hyperparameters, r.step, r.has_fresh_slots};
  h.is_matrix = r.is_matrix;
  h.param_epsilon = epsilon_of(r.param_type);
  h.scalars = r.scalars;
  h.scalars_after = r.scalars_after;
  return h;
}

}  // namespace
}  // namespace gradstep::internal
