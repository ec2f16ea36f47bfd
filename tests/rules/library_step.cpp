// SPDX-License-Identifier: Apache-2.0
#include "rules/library_step.hpp"

#include <cstddef>

#include "rules/rule_reference.hpp"
#include "rules/rule_registry.hpp"
#include "rules/unfused.hpp"

namespace gradstep_test {
namespace {

template <class T>
double number_of(T x) {
  return x;
}
template <class T>
double number_of(unfused<T> x) {
  return x.value;
}

/// V: T, or unfused<T>.
template <class V, class T>
std::vector<V> numbers_from(const std::vector<double>& plain) {
  std::vector<V> numbers;
  numbers.reserve(plain.size());
  for (const double x : plain) numbers.push_back(V(static_cast<T>(x)));
  return numbers;
}

template <class V>
std::vector<double> plain_from(const std::vector<V>& numbers) {
  std::vector<double> plain;
  plain.reserve(numbers.size());
  for (const V& x : numbers) plain.push_back(number_of(x));
  return plain;
}

template <class Rule, class V, class T>
bool step_numbers(const reference_options& options, std::vector<library_tensor>& list) {
  std::vector<reference_tensor<Rule, V>> tensors;
  for (const library_tensor& each : list) {
    tensors.push_back({each.shape,
                       each.param_epsilon,
                       numbers_from<V, T>(each.param),
                       numbers_from<V, T>(each.grad),
                       {},
                       {},
                       each.scalars});
    for (std::size_t s = 0; s < tensors.back().slots.size(); ++s) {
      tensors.back().slots[s] = numbers_from<V, T>(each.slots[s]);
    }
  }
  if (!step_tensors(options, tensors)) return false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    list[i].param = plain_from(tensors[i].param);
    for (std::size_t s = 0; s < tensors[i].slots.size(); ++s) {
      list[i].slots[s] = plain_from(tensors[i].slots[s]);
    }
    list[i].scalars = tensors[i].scalars;
  }
  return true;
}

template <class Rule>
bool step_rule(library_arithmetic arithmetic, const reference_options& options,
               std::vector<library_tensor>& list) {
  if (arithmetic.is_wide && arithmetic.is_fused) {
    return step_numbers<Rule, double, double>(options, list);
  }
  if (arithmetic.is_wide) return step_numbers<Rule, unfused<double>, double>(options, list);
  if (arithmetic.is_fused) return step_numbers<Rule, float, float>(options, list);
  return step_numbers<Rule, unfused<float>, float>(options, list);
}

template <class... Rules>
bool step_any(gradstep::internal::type_list<Rules...>, const std::string& rule_name,
              library_arithmetic arithmetic, const reference_options& options,
              std::vector<library_tensor>& list) {
  bool goes_on = false;
  const auto step_if = [&]<class Rule>() {
    if (rule_name == Rule::info.name) goes_on = step_rule<Rule>(arithmetic, options, list);
  };
  (step_if.template operator()<Rules>(), ...);
  return goes_on;
}

}  // namespace

bool step_as_the_library(const std::string& rule_name, library_arithmetic arithmetic,
                         const reference_options& options, std::vector<library_tensor>& list) {
  return step_any(gradstep::internal::all_rules(), rule_name, arithmetic, options, list);
}

}  // namespace gradstep_test
