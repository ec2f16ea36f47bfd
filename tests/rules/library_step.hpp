// SPDX-License-Identifier: Apache-2.0
//
// One step of a rule, by its name, on plain numbers in the arithmetic of the library: the reference
// that the library equals to the bit. It is compiled once for all that compare with it.
#pragma once

#include <gradstep/gradstep.h>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "rules/reference_tensor.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {

/// Numbers of float32 or float64. Their NaNs have no bits of their own.
struct library_tensor {
  tensor_shape shape;
  double param_epsilon;
  std::vector<double> param, grad;
  std::array<std::vector<double>, gradstep::internal::max_slots> slots;  // empty: not used
  std::array<double, max_scalars> scalars;  // of both scopes, in the rule's order
};

/// Calls visit(the index in the rule's order, the scalar) for all scalars of a `parameter` or a
/// `stored_parameter`.
template <class Parameter, class Visit>
void for_each_scalar(const std::string& rule_name, Parameter& of, const Visit& visit) {
  std::size_t index = 0;
  std::size_t next[2] = {};
  for (const auto& info : scalars_of(rule_name)) {
    const bool is_shared = info.scope == GRADSTEP_SCOPE_ALL;
    visit(index++, (is_shared ? of.shared_scalars : of.scalars)[next[is_shared]++]);
  }
}

struct library_arithmetic {
  bool is_wide;   // float64, otherwise float32
  bool is_fused;  // the instruction set has fused multiply-add
};

/// Steps tensors of one list. A gradient wider than the arithmetic is rounded to it first. false:
/// the step stopped, and nothing has changed.
bool step_as_the_library(const std::string& rule_name, library_arithmetic arithmetic,
                         const reference_options& options, std::vector<library_tensor>& list);

}  // namespace gradstep_test
