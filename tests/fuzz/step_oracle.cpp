// SPDX-License-Identifier: Apache-2.0
#include "fuzz/step_oracle.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <variant>

#include "rules/library_step.hpp"
#include "step/separate_passes.hpp"
#include "support/context_setup.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {
namespace {

template <class T>
std::vector<double> read(const gradstep_array& from, std::size_t count) {
  const auto* const begin = static_cast<const T*>(from.data);
  return {begin, begin + count};
}
template <class T>
void write(const std::vector<double>& from, const gradstep_array& to) {
  for (std::size_t i = 0; i < from.size(); ++i)
    static_cast<T*>(to.data)[i] = static_cast<T>(from[i]);
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

/// `tensors`: plain arrays of T.
template <class T>
void step_plain(const std::string& rule_name, library_arithmetic arithmetic,
                const reference_options& options, std::vector<stored_parameter>& list,
                const std::vector<gradstep_tensor>& tensors) {
  std::vector<library_tensor> plain;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto& t = tensors[i];
    plain.push_back({{t.count, t.rows, t.columns}, epsilon_of(list[i]), {}, {}, {}, {}});
    plain.back().param = read<T>(t.param, t.count);
    plain.back().grad = read<T>(t.grad, t.count);
    for (std::size_t s = 0; s < t.slot_count; ++s) {
      if (list[i].slots[s]) plain.back().slots[s] = read<T>(t.slots[s], list[i].slots[s]->size());
    }
    for_each_scalar(rule_name, list[i],
                    [&](std::size_t k, double x) { plain.back().scalars[k] = x; });
  }
  if (!step_as_the_library(rule_name, arithmetic, options, plain)) return;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto& t = tensors[i];
    write<T>(plain[i].param, t.param);
    for (std::size_t s = 0; s < t.slot_count; ++s) {
      if (list[i].slots[s]) write<T>(plain[i].slots[s], t.slots[s]);
    }
    for_each_scalar(rule_name, list[i], [&](std::size_t k, double& x) { x = plain[i].scalars[k]; });
  }
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
  const bool is_wide = list[0].arithmetic_dtype() == GRADSTEP_FLOAT64;
  const auto step = is_wide ? step_plain<double> : step_plain<float>;
  step(rule_name, {is_wide, fuses(isa_in_use(context))}, {values.data(), options.step, 1}, list,
       tensors);
  for (std::size_t i = 0; i < list.size(); ++i) {
    std::visit([&](auto& each) { each.finish(list[i]); }, passes[i]);
  }
}

}  // namespace gradstep_test
