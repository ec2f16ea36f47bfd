// SPDX-License-Identifier: Apache-2.0
//
// The passes of a rule that come before its update: they read strips of every array, as the update
// will, and add up the rule's terms. Nothing of the tensor is stored.
#pragma once

#include "kernels/loops/line_sums.hpp"
#include "kernels/loops/step_loop.hpp"

namespace gradstep::internal {
namespace {

template <class Rule, auto Form, std::size_t Pass>
struct pass_loop {
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
  /// the strip.
  template <class T, class Add>
  [[gnu::always_inline]] static void for_each_term(const constants<T>& c,
                                                   const tensor_strips<T>& strips,
                                                   const prepared_operands& at, std::size_t index,
                                                   const Add& add) {
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
#pragma GCC unroll 4
      for (std::size_t sum = 0; sum < info.sum_count; ++sum) {
        add(sum, found[sum].a, found[sum].b, k * vec<T>::width);
      }
    }
  }

  /// The terms of a strip, into the buffers from element `to` on.
  template <class T>
  [[gnu::always_inline]] static void add_strip(const constants<T>& c,
                                               const tensor_strips<T>& strips,
                                               const prepared_operands& at, std::size_t index,
                                               buffers<T>& to, std::size_t place) {
    for_each_term<T>(
        c, strips, at, index,
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
    alignas(64) number_arrays<T> elements;
    load_numbers(strips, at, index, read_bits, elements);
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

  /// The terms of a range without gaps, with one number per element in every slot; into the buffers
  /// from element `place` on.
  template <class T>
  static void add_range(const prepared_step& prepared, const step_range& range, buffers<T>& to,
                        std::size_t place) {
    tensor_strips<T> strips(prepared, range, 0);
    constants<T> c(prepared);
    c.grad_scale = strips.rest_of_scale();
    const auto run = [&](const prepared_operands& at, std::size_t index, std::size_t from,
                         std::size_t) __attribute__((always_inline)) {
      if (prepared.favours_new) [[unlikely]] {
        return add_numbers<T>(c, strips, at, index, to, place + from);
      }
      add_strip<T>(c, strips, at, index, to, place + from);
    };
    strips.for_each_read_strip(run);
  }

  /// A range without gaps in long lines: the terms are added from registers. Terms in buffers would
  /// be stored in several streams beside the arrays that are read, and loads would wait for stores
  /// to addresses that differ by a multiple of 4096.
  template <class T>
  static void sum_long_lines(const prepared_step& prepared, const step_range& range,
                             line_sums<T, info>& lines, std::size_t line_length) {
    buffers<T> rest;  // a partial strip
    for (std::size_t done = 0; done < range.count;) {
      const std::size_t count = line_length - lines.at();
      step_range part = range;
      cut_to(part, done, done + count);
      with_line_slots<T>(range, done, part, [&] { add_long_part<T>(prepared, part, lines, rest); });
      done += count;
    }
  }

  template <class T>
  static void add_long_part(const prepared_step& prepared, const step_range& part,
                            line_sums<T, info>& lines, buffers<T>& rest) {
    constexpr std::size_t width = tensor_strips<T>::width;
    tensor_strips<T> strips(prepared, part, 0);
    constants<T> c(prepared);
    c.grad_scale = strips.rest_of_scale();
    strips.for_each_read_strip([&](const prepared_operands& at, std::size_t index, std::size_t from,
                                   std::size_t count) __attribute__((always_inline)) {
      if (count < width) {
        lines.advance(from);
        add_strip<T>(c, strips, at, index, rest, 0);
        return lines.add(rest, count);
      }
      for_each_term<T>(
          c, strips, at, index,
          [&](std::size_t sum, vec<T> a, vec<T> b, std::size_t k)
              __attribute__((always_inline)) { lines.add_ahead(sum, a, b, from + k); });
    });
    if (part.count % width == 0) lines.advance(part.count);
  }

  /// Calls use() with the part's line slots in place. part: the range's elements from the `at`-th
  /// on.
  template <class T, class Use>
  static void with_line_slots(const step_range& range, std::size_t at, step_range& part,
                              const Use& use) {
    if constexpr (reads_line_slots) {
      line_slot_parts<Rule, T> parts;
      parts.place_slots(range, at, part);
      use();
    } else {
      use();
    }
  }

  template <class T>
  static void sum(const prepared_step& prepared, const step_range& range, const pass_sums& sums) {
    line_sums<T, info> lines(range, sums);
    const bool has_gaps = range.columns != 0 && is_pitched(range);
    // Strips of long lines are not cut at blocks. add_range has the loop over numbers.
    if (!has_gaps && !prepared.favours_new && has_long_lines(range, sums.line_length)) {
      return sum_long_lines<T>(prepared, range, lines, sums.line_length);
    }
    buffers<T> terms;
    for (std::size_t at = 0; at < range.count;) {
      const std::size_t count = lines.next_count(range.count - at);
      step_range part = range;
      cut_to(part, at, at + count);
      with_line_slots<T>(range, at, part, [&] { add_gapless<T>(prepared, part, has_gaps, terms); });
      lines.add(terms, count);
      at += count;
    }
  }

  template <class T>
  static void add_gapless(const prepared_step& prepared, const step_range& part, bool has_gaps,
                          buffers<T>& terms) {
    if (!has_gaps) return add_range<T>(prepared, part, terms, 0);
    for_each_gapless_part(part, [&](const step_range& row) {
      add_range<T>(prepared, row, terms, row.offset - part.offset);
    });
  }

  // ---- Between passes -------------------------------------------------------------------------

  template <class T>
  static bool finish(const prepare_request& of, const tensor_shape& shape, const double* totals,
                     prepared_step& prepared) {
    typename Rule::template coefficients<T> c;
    std::memcpy(&c, prepared.coefficients, sizeof c);
    const bool goes_on =
        Rule::template finish<Form, Pass>(arguments_of<Rule>(of), shape, totals, c);
    std::memcpy(prepared.coefficients, &c, sizeof c);
    return goes_on;
  }

  template <class T, std::size_t S>
  static void finish_slot(const line_request& r) {
    const arguments<Rule, double> h = arguments_of<Rule>(r.of);
    const T* const old = static_cast<const T*>(r.old);
    const auto next = Rule::template next_line<Form, S>(h, r.shape);
    constexpr double limit = largest_square<T>;  // an infinite number would never leave the slot
    for (std::size_t i = 0; i < r.count; ++i) {
      r.values[i] = at_most(next(static_cast<double>(old[i]), r.values[i]), limit);
    }
    double sum = 0;
    for (std::size_t i = 0; i < r.count; ++i) sum += r.values[i];
    const double mean = sum / static_cast<double>(r.count);
    T* const seen = static_cast<T*>(r.seen);
    for (std::size_t i = 0; i < r.count; ++i) {
      seen[i] = static_cast<T>(Rule::template seen_line<Form, S>(h, r.values[i], mean));
    }
  }

  template <class T>
  static void finish_lines(const line_request& r) {
    const auto finish_if = [&]<std::size_t S>() {
      if constexpr (Rule::info.slots[S].extent != slot_extent::element) {
        if (S == r.slot) finish_slot<T, S>(r);
      }
    };
    [&]<std::size_t... S>(std::index_sequence<S...>) { (finish_if.template operator()<S>(), ...); }
    (slot_indices);
  }

  template <class T>
  static constexpr pass_kernel kernel{sum<T>, finish_lines<T>, finish<T>};
};

/// The passes of a form before its update.
template <class Rule, auto Form, class T>
struct pass_kernels {
  static constexpr std::size_t count = [] {
    if constexpr (requires { Rule::passes(Form); }) {
      return Rule::passes(Form).count;
    } else {
      return std::size_t{0};
    }
  }();

  template <std::size_t... P>
  static constexpr auto list_of(std::index_sequence<P...>) {
    return std::array<pass_kernel, sizeof...(P)>{pass_loop<Rule, Form, P>::template kernel<T>...};
  }
  static constexpr auto list = list_of(std::make_index_sequence<count>());

  static constexpr step_kernel kernel{step_loop<Rule, Form>::template prepare<T>,
                                      step_loop<Rule, Form>::template run<T>, list.data()};
};

}  // namespace
}  // namespace gradstep::internal
