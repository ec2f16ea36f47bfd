// SPDX-License-Identifier: Apache-2.0
//
// The passes of a rule that come before its update: they read strips of every array, as the update
// will, and add up the rule's terms. Nothing of the tensor is stored.
#pragma once

#include "kernels/loops/long_lines.hpp"

namespace gradstep::internal {
namespace {

template <class Rule, auto Form, std::size_t Pass>
struct pass_loop {
  using pass = pass_terms<Rule, Form, Pass>;
  static constexpr std::size_t slot_count = Rule::info.slot_count;
  template <class T>
  using buffers = typename pass::template buffers<T>;

  /// The terms of a range without gaps, with one number per element in every slot; into the buffers
  /// from element `place` on.
  template <class T>
  static void add_range(const prepared_step& prepared, const step_range& range, buffers<T>& to,
                        std::size_t place) {
    tensor_strips<T> strips(prepared, range, 0);
    typename pass::template constants<T> c(prepared);
    c.grad_scale = strips.rest_of_scale();
    const auto run = [&](const prepared_operands& at, std::size_t index, std::size_t from,
                         std::size_t) __attribute__((always_inline)) {
      if (prepared.favours_new) [[unlikely]] {
        return pass::template add_numbers<T>(c, strips, at, index, to, place + from);
      }
      pass::template add_strip<T>(c, strips, at, index,
                                  pass::template directions_at<T>(range, from), to, place + from);
    };
    strips.for_each_read_strip(run);
  }

  /// Calls use() with the part's line slots in place. part: the range's elements from the `at`-th
  /// on.
  template <class T, class Use>
  static void with_line_slots(const step_range& range, std::size_t at, step_range& part,
                              const Use& use) {
    if constexpr (pass::reads_line_slots) {
      line_slot_parts<Rule, T> parts;
      parts.place_slots(range, at, part);
      use();
    } else {
      use();
    }
  }

  template <class T>
  static void sum(const prepared_step& prepared, const step_range& range, const pass_sums& sums) {
    const bool has_gaps = is_pitched(range);
    const bool has_lines_with_gaps = has_gaps && left_in_row(range, 0) < sums.line_length;
    // The long lines have no loop over numbers.
    if (!has_lines_with_gaps && !prepared.favours_new &&
        has_long_lines(range, sums.line_length, sums.lines_apart)) {
      return long_lines<Rule, Form, Pass>::template sum<T>(prepared, range, sums);
    }
    if (sums.lines_apart == sums.line_length) {
      return sum_lines<T>(prepared, range, sums, has_gaps);
    }
    pass_sums one = sums;
    for (std::size_t line = 0; line < sums.line_count; ++line) {
      const std::size_t first = line * sums.lines_apart;
      step_range part = range;
      cut_to(part, first, first + sums.line_length);
      sum_lines<T>(prepared, part, one, has_gaps);
      for (double*& row : one.rows) row += row != nullptr ? 1 : 0;
    }
  }

  /// A range of lines that follow each other.
  template <class T>
  static void sum_lines(const prepared_step& prepared, const step_range& range,
                        const pass_sums& sums, bool has_gaps) {
    line_sums<T, pass::info> lines(range, sums);
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
    (std::make_index_sequence<slot_count>());
  }
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

  /// A form whose passes add up the same: compiled once for several forms.
  static constexpr auto summing_form = [] {
    if constexpr (requires { Rule::summing_form(Form); }) {
      return Rule::summing_form(Form);
    } else {
      return Form;
    }
  }();

  template <std::size_t P>
  static constexpr pass_kernel kernel_of_pass{pass_loop<Rule, summing_form, P>::template sum<T>,
                                              pass_loop<Rule, Form, P>::template finish_lines<T>,
                                              pass_loop<Rule, Form, P>::template finish<T>};

  template <std::size_t... P>
  static constexpr auto list_of(std::index_sequence<P...>) {
    return std::array<pass_kernel, sizeof...(P)>{kernel_of_pass<P>...};
  }
  static constexpr auto list = list_of(std::make_index_sequence<count>());

  static constexpr step_kernel kernel{step_loop<Rule, Form>::template prepare<T>,
                                      step_loop<Rule, Form>::template run<T>, list.data()};
};

}  // namespace
}  // namespace gradstep::internal
