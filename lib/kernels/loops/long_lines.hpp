// SPDX-License-Identifier: Apache-2.0
//
// The sums of long lines without gaps. Terms are added from registers: terms in buffers would be
// stored in several streams beside the arrays that are read, and loads would wait for stores to
// addresses that differ by a multiple of 4096. Several lines are read side by side, because a
// processor reads four streams faster than one.
#pragma once

#include "kernels/loops/pass_terms.hpp"

namespace gradstep::internal {
namespace {

template <class Rule, auto Form, std::size_t Pass>
struct long_lines {
  using pass = pass_terms<Rule, Form, Pass>;
  static constexpr pass_info info = pass::info;
  static constexpr std::size_t lines_at_once = 4;

  template <class T>
  using constants = typename pass::template constants<T>;

  struct line {
    step_range range;
    prepared_operands at;
    line_lanes lanes[info.sum_count];  // of sums over rows and tensors
    double* columns[info.sum_count];   // of sums over columns, for the line's first element

    /// Becomes the index-th line of a range.
    template <class T>
    void begin(const step_range& all, const pass_sums& sums, std::size_t index) {
      const std::size_t first = index * sums.lines_apart;
      range = all;
      cut_to(range, first, first + sums.line_length);
      if constexpr (pass::reads_line_slots) place_in_row<Rule, T>(all, first, range);
      at = prepared_operands(range);
      const std::size_t apart = all.columns == 0 ? 0 : matrix_of(range) - matrix_of(all);
      for (std::size_t k = 0; k < info.sum_count; ++k) {
        columns[k] = sums.columns[k];
        if (columns[k] != nullptr) columns[k] += apart * sums.columns_apart;
      }
    }

    static std::size_t matrix_of(const step_range& r) { return r.offset / r.columns / r.rows; }
  };

  template <class T>
  static void sum(const prepared_step& prepared, const step_range& range, const pass_sums& sums) {
    if (sums.line_count == 1) return sum_in_groups<1, T>(prepared, range, sums);
    sum_in_groups<lines_at_once, T>(prepared, range, sums);
  }

  template <std::size_t Lines, class T>
  static void sum_in_groups(const prepared_step& prepared, const step_range& range,
                            const pass_sums& sums) {
    const tensor_strips<T> strips(prepared, range, 0);
    constants<T> c(prepared);
    c.grad_scale = strips.rest_of_scale();
    line lines[Lines];
    for (std::size_t first = 0; first < sums.line_count; first += Lines) {
      const std::size_t count = std::min(Lines, sums.line_count - first);
      for (std::size_t n = 0; n < count; ++n) lines[n].template begin<T>(range, sums, first + n);
      for (std::size_t from = 0; from < sums.line_length; from += block_elements) {
        const std::size_t elements = std::min(block_elements, sums.line_length - from);
        for (std::size_t n = 0; n < count; ++n) {
          add_block<T>(c, strips, lines[n], from, elements, Lines > 1);
        }
      }
      for (std::size_t n = 0; n < count; ++n) take_line<info>(lines[n].lanes, sums, first + n);
    }
  }

  /// Prefetches what the loop will read a block later. The processor itself would begin only at the
  /// block, because another line is read meanwhile.
  template <class T>
  [[gnu::always_inline]] static void prefetch_block_after(const prepared_operand& from,
                                                          std::size_t index) {
    const std::size_t size = size_of(from.type);
    const auto* const next = from.template at<const unsigned char>((index + block_elements) * size);
    for (std::size_t i = 0; i < tensor_strips<T>::width * sizeof(T); i += 64) {
      __builtin_prefetch(next + i);
    }
  }

  /// Adds the line's elements from the `begin`-th one on.
  template <class T>
  static void add_block(const constants<T>& c, const tensor_strips<T>& strips, line& line,
                        std::size_t begin, std::size_t count, bool prefetches) {
    constexpr std::size_t width = tensor_strips<T>::width;
    line.at.enter_blocks(line.range.slot_count, begin);
    register_lanes<info> lanes(line.lanes);
    const std::size_t whole = count - count % width;
    for (std::size_t i = begin; i < begin + whole; i += width) {
      const auto add = [&](std::size_t sum, vec<T> a, vec<T> b, std::size_t k)
          __attribute__((always_inline)) {
        if (info.extents[sum] == sum_extent::column) {
          add_products(a, b, line.columns[sum] + i + k);
        } else {
          lanes.add(sum, a, b, width % norm_lanes == 0 ? k : i + k);
        }
      };
      if (prefetches) prefetch_block_after<T>(line.at.grad, i);
      pass::template for_each_term<T>(c, strips, line.at, i,
                                      pass::template directions_at<T>(line.range, i), add);
    }
    lanes.store(line.lanes);
    if (whole < count) add_rest<T>(c, strips, line, begin + whole, count - whole);
  }

  /// Likewise, fewer than a strip: a zero-padded copy.
  template <class T>
  [[gnu::noinline]] static void add_rest(const constants<T>& c, const tensor_strips<T>& strips,
                                         line& line, std::size_t begin, std::size_t count) {
    step_range rest = line.range;
    cut_to(rest, begin, begin + count);
    const padded_operands<tensor_strips<T>::width> copy(rest, 0, 0, count);
    typename pass::template buffers<T> terms;
    pass::template add_strip<T>(c, strips, copy.operands, 0,
                                pass::template directions_at<T>(rest, 0), terms, 0);
    add_terms<info, T>(terms, 0, count, begin, line.lanes, line.columns);
  }
};

}  // namespace
}  // namespace gradstep::internal
