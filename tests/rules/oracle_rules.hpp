// SPDX-License-Identifier: Apache-2.0
//
// The rules as types, for tests that instantiate their templates; the lists of tensors that a rule
// is tried on; and a parameter of the library as a tensor of the reference.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "rules/oracle_cases.hpp"
#include "rules/rule_reference.hpp"
#include "rules/rule_registry.hpp"
#include "support/parameter.hpp"

namespace gradstep_test {

// ---- Rules ------------------------------------------------------------------------------------

template <class... Rules>
testing::Types<Rules...> as_test_types(gradstep::internal::type_list<Rules...>) {
  return {};
}
using rule_types = decltype(as_test_types(gradstep::internal::all_rules()));

struct rule_as_type_name {
  template <class Rule>
  static std::string GetName(int) {  // NOLINT(readability-identifier-naming): GoogleTest's name
    return Rule::info.name;
  }
};

template <class Rule>
constexpr bool has_passes = requires {
  Rule::passes(Rule::forms[0]);
};
template <class Rule>
constexpr bool sums_over_all = !Rule::info.shared_hyperparameters.empty();

// ---- Lists of tensors -------------------------------------------------------------------------

/// Tensors that are stepped as one list, and the steps that they take.
struct oracle_run {
  std::vector<tensor_extents> tensors;
  std::vector<std::uint64_t> steps;
};

/// A rule that sums depends on the shape of its tensors, and on the other tensors if it sums over
/// all.
template <class Rule>
std::vector<oracle_run> oracle_runs() {
  const std::vector<std::uint64_t> few_steps = {1, 2, 3, 4, 5, 6, 100, 1U << 20};
  std::vector<oracle_run> runs = {{{flat_tensor}, step_numbers()}};
  for (const auto& matrices : small_matrices) {
    runs.push_back({{matrices}, few_steps});
    if (!has_passes<Rule>) break;
  }
  if (sums_over_all<Rule>) runs.push_back({{{40}, small_matrices[0], {1}}, few_steps});
  return runs;
}

inline std::string to_text(const oracle_run& run) {
  std::string text;
  for (const auto& tensor : run.tensors) text += to_text(tensor) + "; ";
  return text;
}

// ---- Tensors of the reference -----------------------------------------------------------------

inline tensor_shape shape_of(const parameter& from) {
  return {from.param.size(), from.shape.rows, from.shape.columns};
}

/// make(number): the number as a V.
template <class V, class Make>
std::vector<V> read_numbers(const number_array& from, const Make& make) {
  std::vector<V> result;
  for (std::size_t i = 0; i < from.size(); ++i) result.push_back(make(from.get(i)));
  return result;
}

/// T: the type of the arithmetic. A gradient wider than T is rounded to T first.
template <class Rule, class V, class T, class Make>
reference_tensor<Rule, V> read_tensor(const parameter& from, const Make& make) {
  reference_tensor<Rule, V> result{
      shape_of(from), std::numeric_limits<T>::epsilon(), {}, {}, {}, {}, {}};
  result.param = read_numbers<V>(from.param, make);
  result.grad = read_numbers<V>(from.grad, [&](double g) { return make(static_cast<T>(g)); });
  for (std::size_t s = 0; s < result.slots.size(); ++s) {
    if (from.slots[s]) result.slots[s] = read_numbers<V>(*from.slots[s], make);
  }
  std::size_t next[2] = {};
  for (std::size_t i = 0; i < Rule::info.scalars.size(); ++i) {
    const bool is_shared = Rule::info.scalars[i].scope == gradstep::internal::scalar_scope::all;
    result.scalars[i] = (is_shared ? from.shared_scalars : from.scalars)[next[is_shared]++];
  }
  return result;
}

template <class Rule, class V, class T, class Make>
std::vector<reference_tensor<Rule, V>> read_tensors(const std::vector<parameter>& from,
                                                    const Make& make) {
  std::vector<reference_tensor<Rule, V>> list;
  for (const parameter& each : from) list.push_back(read_tensor<Rule, V, T>(each, make));
  return list;
}

inline reference_options options_of(const step_record& r) {
  return {r.hyperparameters.data(), r.options.step, r.options.grad_scale};
}

}  // namespace gradstep_test
