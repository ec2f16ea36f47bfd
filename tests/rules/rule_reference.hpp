// SPDX-License-Identifier: Apache-2.0
//
// One step of a rule on one element in any number type, by the rule's own template.
// lib/kernels/loops/step_loop.hpp does the same with vectors.
#pragma once

#include <array>
#include <cstddef>
#include <iterator>
#include <string_view>
#include <utility>

#include "rules/rule.hpp"

namespace gradstep_test {

template <class Rule, class V>
struct element {
  V param, change;
  std::array<V, Rule::info.slot_count> slots;
};

/// Everything that is constant during a step, as Constant.
template <class Rule, class Constant>
struct step_constants {
  typename Rule::template coefficients<Constant> rule;
  typename Rule::form form;
  Constant grad_scale, coupled_decay, decoupled_decay;
};

/// Computes in Real and rounds to Constant. `values`: the rule's hyper-parameters in its order.
template <class Constant, class Rule, class Real>
step_constants<Rule, Constant> prepare_constants(const gradstep::internal::arguments<Rule, Real>& h,
                                                 double grad_scale) {
  using gradstep::internal::decay;
  const auto value = [&](std::string_view name) {
    const std::size_t index = gradstep::internal::find_hyperparameter(Rule::info, name);
    return index == gradstep::internal::no_index ? Real(0) : Real(h.values[index]);
  };
  const bool is_decoupled = Rule::info.weight_decay == decay::decoupled;
  const Real weight_decay = value("weight_decay");
  const auto rule = Rule::template prepare<Constant>(h);
  return {rule, Rule::choose(h),
          static_cast<Constant>(value("maximize") != 0 ? -grad_scale : grad_scale),
          static_cast<Constant>(is_decoupled ? 0 : weight_decay),
          gradstep::internal::decay_in_direction<Constant>(
              is_decoupled ? value("lr") * weight_decay : Real(0), rule.rate)};
}

/// The rule's direction; its form becomes a template argument.
template <class Rule, class Constant, class V, std::size_t... F, std::size_t... S>
V update_by_rule(const step_constants<Rule, Constant>& c, V g, element<Rule, V>& at,
                 std::index_sequence<F...>, std::index_sequence<S...>) {
  V change{};
  const auto try_form = [&]<std::size_t I>() {
    if (!(Rule::forms[I] == c.form)) return false;
    change = Rule::template update<Rule::forms[I]>(c.rule, at.param, g, at.slots[S]...);
    return true;
  };
  (try_form.template operator()<F>() || ...);
  return change;
}

template <class Rule, class Constant, class V>
void step_element(const step_constants<Rule, Constant>& c, V grad, element<Rule, V>& at) {
  using gradstep::internal::fma;
  V g = grad * V(c.grad_scale);
  if (c.coupled_decay != 0) g = fma(V(c.coupled_decay), at.param, g);
  V direction = update_by_rule(c, g, at, std::make_index_sequence<std::size(Rule::forms)>(),
                               std::make_index_sequence<Rule::info.slot_count>());
  if (Rule::info.weight_decay == gradstep::internal::decay::decoupled) {
    direction = fma(V(c.decoupled_decay), at.param, direction);
  }
  at.change = V(c.rule.rate) * direction;
  at.param = fma(V(-c.rule.rate), direction, at.param);
}

}  // namespace gradstep_test
