// SPDX-License-Identifier: Apache-2.0
//
// The step of gradstep_apply as separate passes in the order that the header states: plain scalar
// code around a plain step of the library.
//
// The plain step is one per tensor, except for rules that sum over all tensors.
#pragma once

#include <gradstep/gradstep.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <variant>
#include <vector>

#include "support/context_setup.hpp"
#include "support/plain_steps.hpp"
#include "support/reference_rounding.hpp"
#include "support/sized_struct.hpp"
#include "support/stored_array.hpp"
#include "support/stored_parameter.hpp"

namespace gradstep_test {

/// The arithmetic of one parameter, in its own type.
template <class T>
class separate_passes {
 public:
  /// `clip_factor`: as the step reports it. `position`: the index in the list.
  separate_passes(const gradstep_context* context, const gradstep_apply_options& options,
                  double clip_factor, std::size_t position)
      : options_(options),
        scale_(static_cast<T>((has(GRADSTEP_APPLY_GRAD_SCALE) ? options.grad_scale : 1) *
                              clip_factor)),
        is_fused_(fuses(isa_in_use(context))),
        key_(position + 1) {}

  /// The tensor of the plain step. It stays valid as long as this object, unless that is moved.
  gradstep_tensor begin(stored_parameter& target) {
    param_ = widened(target.param);
    grad_ = widened(target.grad);
    for (const auto& slot : target.slots) {
      slots_.push_back(slot ? widened(*slot) : std::vector<T>());
    }
    for (T& g : grad_) g = clipped(g * scale_);
    for (auto& slot : slots_) slot_arrays_.push_back(array_of(slot.data()));
    auto tensor = target.view().tensor;
    tensor.param = array_of(param_.data());
    tensor.grad = array_of(grad_.data());
    tensor.copy = tensor.average = {};
    tensor.slots = slot_arrays_.data();
    return tensor;
  }

  /// After the plain step: stores what it made.
  void finish(stored_parameter& target) const {
    const std::vector<T>& param = param_;
    for (std::size_t s = 0; s < slots_.size(); ++s) {
      const bool is_random = !has(GRADSTEP_APPLY_NEAREST_SLOTS);
      if (target.slots[s]) target.slots[s]->narrow(slots_[s], rounding_of(is_random, s));
    }
    target.param.narrow(param,
                        rounding_of(has(GRADSTEP_APPLY_STOCHASTIC_PARAM), rounding::param_array));
    if (target.copy) target.copy->narrow(param);
    if (target.average && has(GRADSTEP_APPLY_AVERAGE)) average(param, *target.average);
    if (has(GRADSTEP_APPLY_ZERO_GRAD)) {
      std::memset(target.grad.data.data(), 0, target.grad.data.bytes());
    }
  }

 private:
  bool has(std::uint64_t flag) const { return (options_.flags & flag) != 0; }

  rounding rounding_of(bool is_random, std::size_t array) const {
    return is_random ? rounding(options_.seed, key_, options_.step, array) : rounding();
  }

  static std::vector<T> widened(const stored_array& array) {
    std::vector<T> values(array.size());
    for (std::size_t i = 0; i < array.size(); ++i) values[i] = static_cast<T>(array.widen(i));
    return values;
  }

  T clipped(T g) const {
    if (!has(GRADSTEP_APPLY_MAX_VALUE)) return g;
    const T limit = static_cast<T>(options_.max_value);
    return g > limit ? limit : g < -limit ? -limit : g;
  }

  T product_and_sum(T a, T b, T c) const { return is_fused_ ? std::fma(a, b, c) : a * b + c; }

  void average(const std::vector<T>& param, stored_array& average) const {
    std::vector<T> values = widened(average);
    const std::uint64_t count =
        has(GRADSTEP_APPLY_AVERAGE_COUNT) ? options_.average_count : options_.step - 1;
    const auto n = static_cast<double>(count);
    const bool is_equal = has(GRADSTEP_APPLY_AVERAGE_EQUAL);
    const double wide_decay = is_equal ? n / (n + 1) : options_.average_decay;
    const T decay = static_cast<T>(wide_decay);
    const T weight = static_cast<T>(is_equal ? 1 / (n + 1) : 1 - wide_decay);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const T moved = decay < weight ? product_and_sum(decay, values[i] - param[i], param[i])
                                     : product_and_sum(weight, param[i] - values[i], values[i]);
      const bool is_copied = count == 0 || wide_decay == 0;
      if (is_copied || wide_decay < 1) values[i] = is_copied ? param[i] : moved;
    }
    average.narrow(values);
  }

  gradstep_apply_options options_;
  T scale_;
  bool is_fused_;
  std::uint64_t key_;
  std::vector<T> param_, grad_;
  std::vector<std::vector<T>> slots_;
  std::vector<gradstep_array> slot_arrays_;
};

using any_passes = std::variant<separate_passes<float>, separate_passes<double>>;

inline any_passes passes_for(const gradstep_context* context, const stored_parameter& target,
                             const gradstep_apply_options& options, double clip_factor,
                             std::size_t position) {
  if (target.arithmetic_dtype() == GRADSTEP_FLOAT64) {
    return separate_passes<double>(context, options, clip_factor, position);
  }
  return separate_passes<float>(context, options, clip_factor, position);
}

inline void apply_separately(const gradstep_context* context, const gradstep_rule* rule,
                             std::vector<stored_parameter>& parameters,
                             const gradstep_apply_options& options, double clip_factor) {
  std::vector<any_passes> passes;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    passes.push_back(passes_for(context, parameters[i], options, clip_factor, i));
  }
  std::vector<gradstep_tensor> tensors;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    std::visit([&](auto& each) { tensors.push_back(each.begin(parameters[i])); }, passes[i]);
  }
  const auto plain = with_scalars_of(parameters[0], at_step(options.step));
  if (plain.scalar_count != 0) {
    apply_list(context, rule, tensors, plain);
  } else {
    for (const auto& tensor : tensors) apply_list(context, rule, {tensor}, plain);
  }
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    std::visit([&](auto& each) { each.finish(parameters[i]); }, passes[i]);
    parameters[i].shared_scalars = parameters[0].shared_scalars;
  }
}

/// The norm of the gradients, converted to the type of the arithmetic, times the scale.
inline long double reference_norm(std::vector<stored_parameter>& parameters, double scale) {
  long double sum = 0;
  for (auto& each : parameters) {
    for (std::size_t i = 0; i < each.size(); ++i) {
      double g = each.grad.widen(i);
      if (each.arithmetic_dtype() == GRADSTEP_FLOAT32) g = static_cast<float>(g);
      sum += static_cast<long double>(g) * g;
    }
  }
  return std::sqrt(sum) * std::abs(static_cast<long double>(scale));
}

}  // namespace gradstep_test
