// SPDX-License-Identifier: Apache-2.0
#include "fuzz/step_oracle.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <variant>

#include "rules/rule_reference.hpp"
#include "rules/rule_registry.hpp"
#include "rules/unfused.hpp"
#include "step/separate_passes.hpp"
#include "support/context_setup.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {
namespace {

template <class T>
T number_of(T x) {
  return x;
}
template <class T>
T number_of(unfused<T> x) {
  return x.value;
}

template <class V, class T>
std::vector<V> read(const gradstep_array& from, std::size_t count) {
  const auto* const begin = static_cast<const T*>(from.data);
  std::vector<V> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(V(begin[i]));
  return values;
}
template <class V, class T>
void write(const std::vector<V>& from, const gradstep_array& to) {
  for (std::size_t i = 0; i < from.size(); ++i) static_cast<T*>(to.data)[i] = number_of(from[i]);
}

/// The scalars of a parameter, in the rule's order.
template <class Rule, class Visit>
void visit_scalars(stored_parameter& of, const Visit& visit) {
  std::size_t next[2] = {};
  for (std::size_t i = 0; i < Rule::info.scalars.size(); ++i) {
    const bool is_shared = Rule::info.scalars[i].scope == gradstep::internal::scalar_scope::all;
    visit(i, (is_shared ? of.shared_scalars : of.scalars)[next[is_shared]++]);
  }
}

double epsilon_of(const stored_parameter& of) {
  if (of.param.is_split()) return 0x1p-23;
  switch (of.param.dtype()) {
    case GRADSTEP_FLOAT64:
      return 0x1p-52;
    case GRADSTEP_BFLOAT16:
      return 0x1p-7;
    case GRADSTEP_FLOAT16:
      return 0x1p-10;
    default:
      return 0x1p-23;
  }
}

/// V: T, or unfused<T> where the instruction set has no fused multiply-add. `tensors`: plain arrays
/// of T.
template <class Rule, class V, class T>
void step_plain(const reference_options& options, std::vector<stored_parameter>& list,
                const std::vector<gradstep_tensor>& tensors) {
  std::vector<reference_tensor<Rule, V>> plain;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto& t = tensors[i];
    plain.push_back({{t.count, t.rows, t.columns}, epsilon_of(list[i]), {}, {}, {}, {}, {}});
    plain.back().param = read<V, T>(t.param, t.count);
    plain.back().grad = read<V, T>(t.grad, t.count);
    for (std::size_t s = 0; s < t.slot_count; ++s) {
      if (list[i].slots[s])
        plain.back().slots[s] = read<V, T>(t.slots[s], list[i].slots[s]->size());
    }
    visit_scalars<Rule>(list[i], [&](std::size_t k, double x) { plain.back().scalars[k] = x; });
  }
  if (!step_tensors(options, plain)) return;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto& t = tensors[i];
    write<V, T>(plain[i].param, t.param);
    for (std::size_t s = 0; s < t.slot_count; ++s) {
      if (list[i].slots[s]) write<V, T>(plain[i].slots[s], t.slots[s]);
    }
    visit_scalars<Rule>(list[i], [&](std::size_t k, double& x) { x = plain[i].scalars[k]; });
  }
}

template <class Rule>
void step_rule(bool is_fused, bool is_wide, const reference_options& options,
               std::vector<stored_parameter>& list, const std::vector<gradstep_tensor>& tensors) {
  if (is_wide && is_fused) return step_plain<Rule, double, double>(options, list, tensors);
  if (is_wide) return step_plain<Rule, unfused<double>, double>(options, list, tensors);
  if (is_fused) return step_plain<Rule, float, float>(options, list, tensors);
  step_plain<Rule, unfused<float>, float>(options, list, tensors);
}

template <class... Rules>
void step_any(gradstep::internal::type_list<Rules...>, const std::string& rule_name, bool is_fused,
              bool is_wide, const reference_options& options, std::vector<stored_parameter>& list,
              const std::vector<gradstep_tensor>& tensors) {
  ((rule_name == Rules::info.name ? step_rule<Rules>(is_fused, is_wide, options, list, tensors)
                                  : void()),
   ...);
}

void zero_gradients(std::vector<stored_parameter>& list) {
  for (auto& each : list) std::memset(each.grad.data.data(), 0, each.grad.data.bytes());
}

}  // namespace

bool has_oracle(const std::vector<stored_parameter>& list, const gradstep_apply_options& options,
                const gradstep_apply_result& result) {
  const bool has_empty =
      std::any_of(list.begin(), list.end(), [](const auto& each) { return each.size() == 0; });
  // The plain code rounds the scale to a denormal number; the library keeps all of its bits.
  const bool is_wide = list[0].arithmetic_dtype() == GRADSTEP_FLOAT64;
  const double smallest = is_wide ? std::numeric_limits<double>::min() : 0x1p-126;
  const bool is_scaled = (options.flags & GRADSTEP_APPLY_GRAD_SCALE) != 0;
  const double scale = (is_scaled ? options.grad_scale : 1) * result.clip_factor;
  const bool has_tiny_scale = std::abs(scale) < smallest;
  return !list[0].delta && !has_empty && !has_tiny_scale &&
         (options.flags & GRADSTEP_APPLY_FRESH_SLOTS) == 0;
}

void step_by_oracle(const gradstep_context* context, const gradstep_rule* rule,
                    const std::string& rule_name, std::vector<stored_parameter>& list,
                    const gradstep_apply_options& options, const gradstep_apply_result& result) {
  if (result.is_skipped != 0 || result.is_stopped != 0) {
    if ((options.flags & GRADSTEP_APPLY_ZERO_GRAD) != 0) zero_gradients(list);
    return;
  }
  std::vector<double> values;
  for (const auto& info : hyperparameters_of(rule_name)) {
    values.push_back(0);
    gradstep_rule_get(rule, info.name, &values.back());
  }
  std::vector<any_passes> passes;
  for (std::size_t i = 0; i < list.size(); ++i) {
    passes.push_back(passes_for(context, list[i], options, result.clip_factor, i));
  }
  std::vector<gradstep_tensor> tensors;
  for (std::size_t i = 0; i < list.size(); ++i) {
    std::visit([&](auto& each) { tensors.push_back(each.begin(list[i])); }, passes[i]);
  }
  step_any(gradstep::internal::all_rules(), rule_name, fuses(isa_in_use(context)),
           list[0].arithmetic_dtype() == GRADSTEP_FLOAT64, {values.data(), options.step, 1}, list,
           tensors);
  for (std::size_t i = 0; i < list.size(); ++i) {
    std::visit([&](auto& each) { each.finish(list[i]); }, passes[i]);
  }
}

}  // namespace gradstep_test
