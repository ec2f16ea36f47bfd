// SPDX-License-Identifier: Apache-2.0
//
// The loop around a rule: load a strip of every array, do what all rules share, update, store.
// run_plain is for arrays that are all in the type of the arithmetic, in a step without options;
// run_general is for everything that tensor_strips.hpp can do.
#pragma once

#include <array>
#include <atomic>
#include <cstring>
#include <type_traits>
#include <utility>

#include "kernels/loops/line_slots.hpp"
#include "kernels/loops/rule_arguments.hpp"
#include "kernels/loops/strips_in_memory.hpp"

namespace gradstep::internal {
namespace {

template <class Rule, auto Form>
struct step_loop {
  static constexpr std::size_t slot_count = Rule::info.slot_count;

  /// The slots that this form reads and writes, known at compile time.
  static constexpr auto used = [] {
    std::array<bool, slot_count> result{};
    for (std::size_t s = 0; s < slot_count; ++s) {
      result[s] = Rule::uses(Form, Rule::info.slots[s].name);
    }
    return result;
  }();

  /// The slots that this form stores: those with one number per element.
  static constexpr auto stored = [] {
    auto result = used;
    for (std::size_t s = 0; s < slot_count; ++s) {
      result[s] = used[s] && Rule::info.slots[s].extent == slot_extent::element &&
                  stores<Rule>(Rule::info.slots[s].name);
    }
    return result;
  }();
  /// The same as bits.
  static constexpr std::uint32_t stored_bits = as_bits(stored);
  static constexpr std::uint32_t used_bits = as_bits(used);

  /// Which slots are one repeated number. Without line slots it is empty, so that the plain loop of
  /// most rules has no trace of it.
  struct no_repeated_slots {
    constexpr bool operator[](std::size_t) const { return false; }
    void set(std::size_t, bool) {}
  };
  struct some_repeated_slots {
    bool values[slot_count] = {};
    bool operator[](std::size_t s) const {
      return Rule::info.slots[s].extent == slot_extent::row && values[s];
    }
    void set(std::size_t s, bool value) { values[s] = value; }
  };

  static constexpr bool has_line_slots = any_line_slot<Rule>(used);

  using repeated_slots = std::conditional_t<has_line_slots, some_repeated_slots, no_repeated_slots>;

  /// Whether a pass can keep what update returns: see passes.hpp.
  static constexpr bool has_direction_term = requires { Rule::direction_term; };

  static constexpr bool has_decoupled_decay =
      Rule::info.weight_decay == decay::decoupled || Rule::info.weight_decay == decay::chosen;
  static constexpr bool has_own_decay = Rule::info.weight_decay == decay::own;

  template <class T>
  static constexpr bool has_averages = requires(typename Rule::template coefficients<T> c) {
    c.averages;
  };

  template <class T>
  struct constants {
    typename Rule::template coefficients<T> rule;
    T grad_scale, coupled_decay, minus_rate;
    T decoupled_decay;  // p decays by rate decoupled_decay p
    bool has_coupled_decay;

    explicit constants(const prepared_step& prepared)
        : grad_scale(static_cast<T>(prepared.grad_scale)),
          coupled_decay(static_cast<T>(prepared.coupled_decay)),
          has_coupled_decay(prepared.coupled_decay != 0) {
      std::memcpy(&rule, prepared.coefficients, sizeof rule);
      minus_rate = -rule.rate;
      decoupled_decay = decay_in_direction<T>(prepared.decoupled_decay, rule.rate);
    }
  };

  template <class T, std::size_t Vectors, std::size_t... S>
  [[gnu::always_inline]] static vec<T> update(const constants<T>& c, vec<T> p, vec<T> g,
                                              strip<T, Vectors>* slots, std::size_t k,
                                              std::index_sequence<S...>) {
    return Rule::template update<Form>(c.rule, p, g, slots[S].vectors[k]...);
  }

  /// Steps a strip in registers. ReadsConstants: reloads constants at each use, so that they do not
  /// occupy registers. kept(k): what update returns for the k-th vector, if IsKept; then the
  /// compiler leaves out of update what only the return value needs.
  template <bool ReadsConstants, bool IsKept = false, class T, std::size_t Vectors,
            class Kept = std::nullptr_t>
  [[gnu::always_inline]] static void step_strip(const constants<T>& c, strip<T, Vectors>& p,
                                                const strip<T, Vectors>& g,
                                                strip<T, Vectors>* slots, const Kept& kept = {}) {
    strip<T, Vectors> gradient;
#pragma GCC unroll 8
    for (std::size_t k = 0; k < Vectors; ++k) {
      gradient.vectors[k] = g.vectors[k] * vec<T>(c.grad_scale);
    }
    if (!has_own_decay && c.has_coupled_decay) {
#pragma GCC unroll 8
      for (std::size_t k = 0; k < Vectors; ++k) {
        gradient.vectors[k] = fma(vec<T>(c.coupled_decay), p.vectors[k], gradient.vectors[k]);
      }
    }
#pragma GCC unroll 8
    for (std::size_t k = 0; k < Vectors; ++k) {
      if constexpr (ReadsConstants) std::atomic_signal_fence(std::memory_order_seq_cst);
      vec<T> direction = update(c, p.vectors[k], gradient.vectors[k], slots, k,
                                std::make_index_sequence<slot_count>());
      if constexpr (IsKept) direction = kept(k);
      // The decay is part of the direction, because 1 - decay would round to 1 for a small decay.
      if constexpr (has_decoupled_decay) {
        direction = fma(vec<T>(c.decoupled_decay), p.vectors[k], direction);
      }
      p.vectors[k] = fma(vec<T>(c.minus_rate), direction, p.vectors[k]);
    }
  }

  // ---- Strips in memory -----------------------------------------------------------------------

  /// V: vec<T>, or T for averages that favour the new value. See strip_step.
  template <class V, class T, std::size_t... S>
  static void step_elements(const constants<T>& c, strip_arrays<T>& elements, std::size_t i,
                            std::index_sequence<S...>) {
    const V p = load_element<V>(elements[0] + i);
    V g = load_element<V>(elements[1] + i) * V(c.grad_scale);
    if (!has_own_decay && c.has_coupled_decay) g = fma(V(c.coupled_decay), p, g);
    V slots[] = {used[S] ? load_element<V>(elements[2 + S] + i) : V(T(0))...};
    V direction = Rule::template update<Form>(c.rule, p, g, slots[S]...);
    if constexpr (has_decoupled_decay) direction = fma(V(c.decoupled_decay), p, direction);
    (store_element(slots[S], elements[2 + S] + i), ...);
    store_element(V(c.minus_rate) * direction, elements[1] + i);
    store_element(fma(V(c.minus_rate), direction, p), elements[0] + i);
  }

  template <class V, class T>
  static void step_strip_in_memory(const prepared_step& prepared, T scale,
                                   strip_arrays<T>& elements) {
    constexpr std::size_t elements_at_once = is_vector<V> ? vec<T>::width : 1;
    constants<T> c(prepared);
    c.grad_scale = scale;
#pragma GCC unroll 1
    for (std::size_t i = 0; i < tensor_strips<T>::width; i += elements_at_once) {
      step_elements<V>(c, elements, i, std::make_index_sequence<slot_count>());
    }
  }

  // ---- Arrays in the type of the arithmetic ---------------------------------------------------

  template <class T>
  struct plain_arrays {
    T* param;
    const T* grad;
    T* slots[slot_count];  // null or dangling for unused slots
    const T* directions;   // of step_range
    // Of slots with one number per row. False for all others, which the compiler knows.
    repeated_slots is_repeated = {};
  };

  template <std::size_t Vectors, bool IsKept, class T>
  [[gnu::always_inline]] static void run_strip(const constants<T>& c, const plain_arrays<T>& arrays,
                                               std::size_t index) {
    strip<T, Vectors> p, g, slots[slot_count];
    g.load(arrays.grad + index);
    p.load(arrays.param + index);
#pragma GCC unroll 8
    for (std::size_t s = 0; s < slot_count; ++s) {
      if (!used[s]) continue;
      if (arrays.is_repeated[s]) {
        slots[s].set_each([&](std::size_t) { return vec<T>(*arrays.slots[s]); });
      } else {
        slots[s].load(arrays.slots[s] + index);
      }
    }
    step_strip<false, IsKept>(
        c, p, g, slots, [&](std::size_t k) __attribute__((always_inline)) {
          return vec<T>::load(arrays.directions + index + k * vec<T>::width);
        });
#pragma GCC unroll 8
    for (std::size_t s = 0; s < slot_count; ++s) {
      if (stored[s]) slots[s].store(arrays.slots[s] + index);
    }
    p.store(arrays.param + index);
  }

  /// The last, partial vector runs the same code on a zero-padded copy, so its elements get the
  /// same bits.
  template <bool IsKept, class T>
  static void run_tail(const constants<T>& c, const plain_arrays<T>& arrays, std::size_t index,
                       std::size_t count) {
    alignas(64) T buffers[2 + slot_count][vec<T>::width] = {};
    plain_arrays<T> padded{buffers[0], buffers[1], {}, arrays.directions + index};
    std::memcpy(buffers[0], arrays.param + index, count * sizeof(T));
    std::memcpy(buffers[1], arrays.grad + index, count * sizeof(T));
#pragma GCC unroll 8
    for (std::size_t s = 0; s < slot_count; ++s) {
      if (!used[s]) continue;
      padded.is_repeated.set(s, arrays.is_repeated[s]);
      if (arrays.is_repeated[s]) {
        padded.slots[s] = arrays.slots[s];
        continue;
      }
      padded.slots[s] = buffers[2 + s];
      std::memcpy(buffers[2 + s], arrays.slots[s] + index, count * sizeof(T));
    }
    run_strip<1, IsKept>(c, padded, 0);
#pragma GCC unroll 8
    for (std::size_t s = 0; s < slot_count; ++s) {
      if (stored[s]) std::memcpy(arrays.slots[s] + index, buffers[2 + s], count * sizeof(T));
    }
    std::memcpy(arrays.param + index, buffers[0], count * sizeof(T));
  }

  template <bool IsKept, class T>
  static void run_plain(const prepared_step& prepared, const step_range& range) {
    // Local copies: through a reference they would be loaded again after every store.
    const constants<T> c(prepared);
    plain_arrays<T> arrays{static_cast<T*>(range.param.data),
                           static_cast<const T*>(range.grad.data),
                           {},
                           static_cast<const T*>(range.directions)};
    for (std::size_t s = 0; s < slot_count; ++s) {
      arrays.slots[s] = static_cast<T*>(range.slots[s].data);
      arrays.is_repeated.set(s, range.slots[s].is_repeated);
    }
    constexpr std::size_t width = vec<T>::width;
    const std::size_t count = range.count;
    std::size_t index = 0;
    for (; index + strip_vectors * width <= count; index += strip_vectors * width) {
      run_strip<strip_vectors, IsKept>(c, arrays, index);
    }
    for (; index + width <= count; index += width) run_strip<1, IsKept>(c, arrays, index);
    if (index < count) run_tail<IsKept>(c, arrays, index, count - index);
  }

  // ---- Arrays of any type, and the options of a step ------------------------------------------

  template <class T, std::size_t... S>
  [[gnu::always_inline]] static void run_general_strip(const constants<T>& c,
                                                       tensor_strips<T>& strips,
                                                       const prepared_operands& at,
                                                       std::size_t index, strip_place place,
                                                       std::index_sequence<S...>) {
    typename tensor_strips<T>::full_strip p, g, slots[slot_count];
    strips.load_grad(at, index, g);
    // The param comes last: no square root waits for it.
    ((used[S] ? load_slot<Rule::info.slots[S].extent>(at.slots[S], index, slots[S]) : void()), ...);
    load(at.param, index, p);
    // No registers are left for constants. Broadcasting each of them once per strip took 2 %
    // longer.
    step_strip<broadcasts_operands>(c, p, g, slots);
    const auto store_slot = [&]<std::size_t Slot>() __attribute__((always_inline)) {
      if constexpr (stored[Slot])
        strips.store_slot(Slot, slots[Slot], at.slots[Slot], index, place);
    };
    (store_slot.template operator()<S>(), ...);
    strips.store_param(p, at, index, place);
  }

  template <class T>
  static void run_general(const prepared_step& prepared, const step_range& range) {
    constants<T> c(prepared);
    tensor_strips<T> strips(prepared, range, stored_bits);
    c.grad_scale = strips.rest_of_scale();
    const auto run = [&](const prepared_operands& at, std::size_t index, strip_place place)
        __attribute__((always_inline)) {
      run_general_strip(c, strips, at, index, place, std::make_index_sequence<slot_count>());
    };
    strips.for_each_strip(run);
  }

  template <class T>
  static void run_contiguous(const prepared_step& prepared, const step_range& range) {
    if constexpr (has_averages<T>) {
      if (prepared.favours_new)
        return run_in_memory<T>(prepared, range, used_bits, stored_bits,
                                step_strip_in_memory<T, T>);
    }
    if (prepared.decay_after != 0 || range.delta.data != nullptr) {
      return run_in_memory<T>(prepared, range, used_bits, stored_bits,
                              step_strip_in_memory<vec<T>, T>);
    }
    if (!is_plain<T>(prepared, range)) return run_general<T>(prepared, range);
    if constexpr (has_direction_term) {
      if (range.directions != nullptr) return run_plain<true, T>(prepared, range);
    }
    run_plain<false, T>(prepared, range);
  }

  template <class T>
  static void run(const prepared_step& prepared, const step_range& range) {
    if constexpr (has_line_slots) {
      line_slot_parts<Rule, T> parts;
      parts.for_each_part(range,
                          [&](const step_range& part) { run_contiguous<T>(prepared, part); });
    } else {
      run_contiguous<T>(prepared, range);
    }
  }

  template <class T>
  static void prepare(const prepare_request& request, prepared_step& prepared) {
    using coefficients = typename Rule::template coefficients<T>;
    static_assert(sizeof(coefficients) <= sizeof prepared.coefficients);
    const coefficients c = Rule::template prepare<T>(arguments_of<Rule>(request));
    std::memcpy(prepared.coefficients, &c, sizeof c);
    prepared.favours_new = false;
    if constexpr (has_averages<T>) {
      for (const auto& weights : c.averages) prepared.favours_new |= favours_new(weights);
    }
  }
};

}  // namespace
}  // namespace gradstep::internal
