// SPDX-License-Identifier: Apache-2.0
//
// The terms that a pass of a rule adds up, for strips of a tensor.
#pragma once

#include "kernels/loops/line_sums.hpp"
#include "kernels/loops/step_loop.hpp"

namespace gradstep::internal {
namespace {

template <class Rule, auto Form, std::size_t Pass>
struct pass_terms {
  using update_loop = step_loop<Rule, Form>;
  static constexpr std::size_t slot_count = Rule::info.slot_count;
  static constexpr pass_info info = Rule::passes(Form).passes[Pass];
  static constexpr auto slot_indices = std::make_index_sequence<slot_count>();

  /// The slots that the pass can read. A line slot exists once the pass that it is made from ended.
  static constexpr auto is_read = [] {
    auto result = update_loop::used;
    for (std::size_t s = 0; s < slot_count; ++s) {
      const slot& info = Rule::info.slots[s];
      result[s] = result[s] && (info.extent == slot_extent::element || info.pass < Pass);
    }
    return result;
  }();
  /// The same as bits.
  static constexpr std::uint32_t read_bits = as_bits(is_read);
  static constexpr bool reads_line_slots = any_line_slot<Rule>(is_read);

  /// Whether what update returns is kept where there is memory for it.
  static constexpr bool keeps_direction =
      update_loop::has_direction_term && Pass + 1 == Rule::passes(Form).count;

  template <class T>
  using buffers = term_buffers<T, info.sum_count>;
  template <class T>
  using constants = typename update_loop::template constants<T>;

  /// V: T or vec<T>.
  template <class V>
  using terms = sum_term<V>[info.sum_count];

  template <class T, class V, class Slots, std::size_t... S>
  [[gnu::always_inline]] static void find_terms(const constants<T>& c, V p, V g, const Slots& slot,
                                                terms<V>& found, std::index_sequence<S...>) {
    g = g * V(c.grad_scale);
    if (!update_loop::has_own_decay && c.has_coupled_decay) g = fma(V(c.coupled_decay), p, g);
    Rule::template sum<Form, Pass>(c.rule, p, g, slot(S)..., found);
  }

  /// Calls add(sum, a, b, at) with the terms of each vector of a strip, at the vector's place in
  /// the strip. directions: step_range's, at the strip.
  template <class T, class Add>
  [[gnu::always_inline]] static void for_each_term(const constants<T>& c,
                                                   const tensor_strips<T>& strips,
                                                   const prepared_operands& at, std::size_t index,
                                                   T* directions, const Add& add) {
    typename tensor_strips<T>::full_strip p, g, slots[slot_count];
    strips.load_grad(at, index, g);
    const auto load_one = [&]<std::size_t S>() __attribute__((always_inline)) {
      if constexpr (is_read[S]) load_slot<Rule::info.slots[S].extent>(at.slots[S], index, slots[S]);
    };
    [&]<std::size_t... S>(std::index_sequence<S...>) __attribute__((always_inline)) {
      (load_one.template operator()<S>(), ...);
    }
    (slot_indices);
    load(at.param, index, p);
#pragma GCC unroll 8
    for (std::size_t k = 0; k < tensor_strips<T>::vectors; ++k) {
      terms<vec<T>> found;
      find_terms<T, vec<T>>(
          c, p.vectors[k], g.vectors[k],
          [&](std::size_t s) __attribute__((always_inline)) { return slots[s].vectors[k]; }, found,
          slot_indices);
      if constexpr (keeps_direction) {
        if (directions != nullptr) {
          found[Rule::direction_term].a.store(directions + k * vec<T>::width);
        }
      }
#pragma GCC unroll 4
      for (std::size_t sum = 0; sum < info.sum_count; ++sum) {
        add(sum, found[sum].a, found[sum].b, k * vec<T>::width);
      }
    }
  }

  template <class T>
  static T* directions_at(const step_range& range, std::size_t index) {
    T* const directions = static_cast<T*>(range.directions);
    return directions == nullptr ? nullptr : directions + index;
  }

  /// The terms of a strip, into the buffers from element `to` on.
  template <class T>
  [[gnu::always_inline]] static void add_strip(const constants<T>& c,
                                               const tensor_strips<T>& strips,
                                               const prepared_operands& at, std::size_t index,
                                               T* directions, buffers<T>& to, std::size_t place) {
    for_each_term<T>(
        c, strips, at, index, directions,
        [&](std::size_t sum, vec<T> a, vec<T> b, std::size_t k) __attribute__((always_inline)) {
          a.store(to.a[sum] + place + k);
          b.store(to.b[sum] + place + k);
        });
  }

  /// The same number by number, for averages that favour the new value.
  template <class T>
  [[gnu::noinline]] static void add_numbers(const constants<T>& c, const tensor_strips<T>& strips,
                                            const prepared_operands& at, std::size_t index,
                                            buffers<T>& to, std::size_t place) {
    alignas(64) strip_arrays<T> elements;
    load_strip_arrays(strips, at, index, read_bits, elements);
#pragma GCC unroll 1
    for (std::size_t i = 0; i < tensor_strips<T>::width; ++i) {
      terms<T> found;
      find_terms<T, T>(
          c, elements[0][i], elements[1][i], [&](std::size_t s) { return elements[2 + s][i]; },
          found, slot_indices);
      for (std::size_t sum = 0; sum < info.sum_count; ++sum) {
        to.a[sum][place + i] = found[sum].a;
        to.b[sum][place + i] = found[sum].b;
      }
    }
  }
};

}  // namespace
}  // namespace gradstep::internal
