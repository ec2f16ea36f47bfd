// SPDX-License-Identifier: Apache-2.0
//
// What a step of the reference works on: a tensor of plain arrays, and what a rule's templates are
// given.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>
#include <utility>
#include <vector>

#include "rules/reference_sums.hpp"
#include "rules/rule.hpp"

namespace gradstep_test {

using gradstep::internal::max_scalars;
using gradstep::internal::slot_extent;
using gradstep::internal::sum_extent;

/// A tensor whose elements are of type V.
template <class Rule, class V>
struct reference_tensor {
  tensor_shape shape;
  double param_epsilon;
  std::vector<V> param, grad, change;
  std::array<std::vector<V>, Rule::info.slot_count> slots;  // empty: not used
  std::array<total_of<V>, max_scalars> scalars;             // of both scopes, in the rule's order
};

struct reference_options {
  const double* hyperparameters;
  std::uint64_t step;
  double grad_scale;
};

/// As the library's, but the scalars are Reals: a double would round those of exact arithmetic.
template <class Rule, class Real>
struct reference_arguments : gradstep::internal::arguments<Rule, Real> {
  using base = gradstep::internal::arguments<Rule, Real>;
  using real = Real;
  using scalar_key = gradstep::internal::scalar_key<Rule>;

  std::array<Real, max_scalars>* before = nullptr;
  std::array<Real, max_scalars>* after = nullptr;

  explicit reference_arguments(const reference_options& o) : base(o.hyperparameters, o.step) {}

  Real scalar(scalar_key k) const { return (*before)[k.index]; }
  void set_scalar(scalar_key k, Real value) const { (*after)[k.index] = value; }
};

/// Calls use(a constant whose value is the form's index in Rule::forms).
template <class Rule, class Use>
void with_form(const typename Rule::form& form, const Use& use) {
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    const auto use_if = [&](auto index) {
      if (Rule::forms[index] == form) use(index);
    };
    (use_if(std::integral_constant<std::size_t, I>{}), ...);
  }
  (std::make_index_sequence<std::size(Rule::forms)>());
}

/// The passes of a rule before its update.
template <class Rule>
constexpr gradstep::internal::pass_list passes_of([[maybe_unused]] typename Rule::form form) {
  if constexpr (requires { Rule::passes(form); }) {
    return Rule::passes(form);
  } else {
    return {};
  }
}

}  // namespace gradstep_test
