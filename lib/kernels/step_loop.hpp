// SPDX-License-Identifier: Apache-2.0
//
// The loop around a rule: load a strip of every array, do what every rule shares, update, store.
#pragma once

#include <array>
#include <cstring>
#include <type_traits>
#include <utility>

#include "operand.hpp"

namespace gradstep::internal {
namespace {

template <class Rule, auto Form>
struct step_loop {
  static constexpr std::size_t slot_count = Rule::info.slot_count;

  /// Which slots this form reads and writes, decided while compiling.
  static constexpr auto used = [] {
    std::array<bool, slot_count> result{};
    for (std::size_t s = 0; s < slot_count; ++s) {
      result[s] = Rule::uses(Form, Rule::info.slots[s].name);
    }
    return result;
  }();

  template <class T>
  struct constants {
    typename Rule::template coefficients<T> rule;
    T grad_scale, coupled_decay, keep;
    bool has_coupled_decay;

    explicit constants(const prepared_step& prepared)
        : grad_scale(static_cast<T>(prepared.grad_scale)),
          coupled_decay(static_cast<T>(prepared.coupled_decay)),
          keep(static_cast<T>(prepared.keep)),
          has_coupled_decay(prepared.coupled_decay != 0) {
      std::memcpy(&rule, prepared.coefficients, sizeof rule);
    }
  };

  template <class T, std::size_t Vectors, std::size_t... S>
  static vec<T> update(const constants<T>& c, vec<T> p, vec<T> g, strip<T, Vectors>* slots,
                       std::size_t k, std::index_sequence<S...>) {
    return Rule::template update<Form>(c.rule, p, g, slots[S].vectors[k]...);
  }

  template <std::size_t Vectors, class T>
  static void run_strip(const constants<T>& c, const step_range& range, std::size_t index) {
    strip<T, Vectors> p, g, slots[slot_count];
    load(range.grad, range.grad_type, index, g);
    load(range.param, range.param_type, index, p);
#pragma GCC unroll 8
    for (std::size_t s = 0; s < slot_count; ++s) {
      if (used[s]) load(range.slots[s], range.param_type, index, slots[s]);
    }
#pragma GCC unroll 8
    for (std::size_t k = 0; k < Vectors; ++k) {
      vec<T> gradient = g.vectors[k] * vec<T>(c.grad_scale);
      if (c.has_coupled_decay) gradient = fma(vec<T>(c.coupled_decay), p.vectors[k], gradient);
      const vec<T> change =
          update(c, p.vectors[k], gradient, slots, k, std::make_index_sequence<slot_count>());
      p.vectors[k] = fma(vec<T>(c.keep), p.vectors[k], vec<T>(T(0)) - change);
    }
#pragma GCC unroll 8
    for (std::size_t s = 0; s < slot_count; ++s) {
      if (used[s]) store(slots[s], range.slots[s], index);
    }
    store(p, range.param, index);
  }

  /// The last, partial vector: the same on a zero-padded copy, so its elements get the same bits.
  template <class T>
  static void run_tail(const constants<T>& c, const step_range& range, std::size_t index) {
    const std::size_t count = range.count - index;
    const auto at = [&](auto* array, dtype type) {
      using byte_pointer =
          std::conditional_t<std::is_const_v<std::remove_pointer_t<decltype(array)>>,
                             const unsigned char*, unsigned char*>;
      return static_cast<byte_pointer>(array) + index * size_of(type);
    };
    alignas(64) double buffers[2 + slot_count][vec<T>::width] = {};
    step_range padded{buffers[0], buffers[1], {}, range.param_type, range.grad_type, vec<T>::width};
    std::memcpy(buffers[0], at(range.param, range.param_type), count * size_of(range.param_type));
    std::memcpy(buffers[1], at(range.grad, range.grad_type), count * size_of(range.grad_type));
#pragma GCC unroll 8
    for (std::size_t s = 0; s < slot_count; ++s) {
      if (!used[s]) continue;
      padded.slots[s] = buffers[2 + s];
      std::memcpy(padded.slots[s], at(range.slots[s], range.param_type),
                  count * size_of(range.param_type));
    }
    run_strip<1>(c, padded, 0);
#pragma GCC unroll 8
    for (std::size_t s = 0; s < slot_count; ++s) {
      if (!used[s]) continue;
      std::memcpy(at(range.slots[s], range.param_type), padded.slots[s],
                  count * size_of(range.param_type));
    }
    std::memcpy(at(range.param, range.param_type), padded.param, count * size_of(range.param_type));
  }

  template <class T>
  static void run(const prepared_step& prepared, const step_range& range_in) {
    // Locals: read through a reference, they would be loaded again after every store.
    const constants<T> c(prepared);
    const step_range range = range_in;
    constexpr std::size_t width = vec<T>::width;
    std::size_t index = 0;
    for (; index + strip_vectors * width <= range.count; index += strip_vectors * width) {
      run_strip<strip_vectors>(c, range, index);
    }
    for (; index + width <= range.count; index += width) run_strip<1>(c, range, index);
    if (index < range.count) run_tail(c, range, index);
  }

  template <class T>
  static void prepare(const double* hyperparameters, std::uint64_t step, prepared_step& prepared) {
    using coefficients = typename Rule::template coefficients<T>;
    static_assert(sizeof(coefficients) <= sizeof prepared.coefficients);
    const arguments<Rule, double> h{hyperparameters, step};
    const coefficients c = Rule::template prepare<T>(h);
    std::memcpy(prepared.coefficients, &c, sizeof c);
  }

  template <class T>
  static constexpr step_kernel kernel{prepare<T>, run<T>};
};

}  // namespace
}  // namespace gradstep::internal
