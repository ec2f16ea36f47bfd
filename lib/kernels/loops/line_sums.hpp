// SPDX-License-Identifier: Apache-2.0
//
// Adds up the terms of a pass, line by line. A line has 32 virtual lanes whatever the vector's
// width, so that every instruction set adds in the same order.
#pragma once

#include <algorithm>

#include "kernels/loops/step_kernel.hpp"
#include "kernels/loops/sum_squares.hpp"
#include "rules/passes.hpp"

namespace gradstep::internal {
namespace {

/// The terms of some elements, for each sum of a pass: the products of a and b.
template <class T, std::size_t Sums>
struct term_buffers {
  /// As many elements as fit in 16 KiB, but no fewer than 256.
  static constexpr std::size_t elements = std::max<std::size_t>(
      std::min<std::size_t>(1024, 8192 / (Sums * sizeof(T)) / 256 * 256), 256);

  static constexpr std::size_t room = elements + 64;  // the last strip is stored as a whole one

  alignas(64) T a[Sums][room];
  alignas(64) T b[Sums][room];
};

/// sums[j] += a[j] b[j]
template <class T>
void add_products(const T* a, const T* b, std::size_t count, double* sums) {
  constexpr std::size_t width = vec<double>::width;
  std::size_t j = 0;
  for (; j + width <= count; j += width) {
    fma(load_converted<double>(a + j), load_converted<double>(b + j), vec<double>::load(sums + j))
        .store(sums + j);
  }
  for (; j < count; ++j) {
    sums[j] = fma(static_cast<double>(a[j]), static_cast<double>(b[j]), sums[j]);
  }
}

/// Calls add(a, b, lane) with the products' factors in double, and their first one's lane.
template <class Add>
[[gnu::always_inline]] inline void widen_products(vec<float> a, vec<float> b, std::size_t lane,
                                                  const Add& add) {
  vec<double> a_low, a_high, b_low, b_high;
  widen(a, a_low, a_high);
  widen(b, b_low, b_high);
  add(a_low, b_low, lane);
  add(a_high, b_high, lane + vec<double>::width);
}
template <class Add>
[[gnu::always_inline]] inline void widen_products(vec<double> a, vec<double> b, std::size_t lane,
                                                  const Add& add) {
  add(a, b, lane);
}

/// sums[j] += a[j] b[j] for the elements of two vectors.
template <class T>
[[gnu::always_inline]] inline void add_products(vec<T> a, vec<T> b, double* sums) {
  widen_products(
      a, b, 0, [&](vec<double> x, vec<double> y, std::size_t at) __attribute__((always_inline)) {
        fma(x, y, vec<double>::load(sums + at)).store(sums + at);
      });
}

/// The sum of one line so far.
class line_lanes {
 public:
  /// Adds the products of so many elements, which begin at the at-th one of the line.
  template <class T>
  void add(const T* a, const T* b, std::size_t count, std::size_t at) {
    for (std::size_t i = 0; i < count;) {
      const std::size_t lane = (at + i) % norm_lanes;
      const std::size_t n = std::min(norm_lanes - lane, count - i);
      add_products(a + i, b + i, n, lanes_ + lane);
      i += n;
    }
  }
  double* lanes() { return lanes_; }
  const double* lanes() const { return lanes_; }

  /// The line's sum. The next line begins.
  double take() {
    const double sum = fold_lanes(lanes_);
    std::fill_n(lanes_, norm_lanes, 0.0);
    return sum;
  }

 private:
  alignas(64) double lanes_[norm_lanes] = {};
};

/// The lanes of a line's sums, in registers where the instruction set has enough. Those of sums
/// over columns are not used.
template <const pass_info& Pass>
class register_lanes {
 public:
  explicit register_lanes(const line_lanes* from) {
    for_each([&](std::size_t sum, std::size_t k) __attribute__((always_inline)) {
      sums_[sum][k] = vec<double>::load(from[sum].lanes() + k * vec<double>::width);
    });
  }
  [[gnu::always_inline]] void store(line_lanes* to) const {
    for_each([&](std::size_t sum, std::size_t k) __attribute__((always_inline)) {
      sums_[sum][k].store(to[sum].lanes() + k * vec<double>::width);
    });
  }

  /// Adds the products of vectors that begin at that element of the line. Registers need it at
  /// compile time, modulo 32.
  template <class T>
  [[gnu::always_inline]] void add(std::size_t sum, vec<T> a, vec<T> b, std::size_t at) {
    widen_products(
        a, b, at % norm_lanes,
        [&](vec<double> x, vec<double> y, std::size_t lane) __attribute__((always_inline)) {
          vec<double>& lanes = sums_[sum][lane / vec<double>::width];
          lanes = fma(x, y, lanes);
        });
  }

 private:
  static constexpr std::size_t vectors = norm_lanes / vec<double>::width;

  template <class Use>
  [[gnu::always_inline]] static void for_each(const Use& use) {
#pragma GCC unroll 4
    for (std::size_t sum = 0; sum < Pass.sum_count; ++sum) {
      if (Pass.extents[sum] == sum_extent::column) continue;
#pragma GCC unroll 16
      for (std::size_t k = 0; k < vectors; ++k) use(sum, k);
    }
  }

  vec<double> sums_[Pass.sum_count][vectors];
};

/// Adds the terms of `count` elements, from the from-th in the buffers on, which begin at the at-th
/// element of a line. lanes: of the line; columns: of its first element, for sums over columns.
template <const pass_info& Pass, class T>
void add_terms(const term_buffers<T, Pass.sum_count>& terms, std::size_t from, std::size_t count,
               std::size_t at, line_lanes* lanes, double* const* columns) {
  for (std::size_t k = 0; k < Pass.sum_count; ++k) {
    const T *a = terms.a[k] + from, *b = terms.b[k] + from;
    if (Pass.extents[k] == sum_extent::column) {
      add_products(a, b, count, columns[k] + at);
    } else {
      lanes[k].add(a, b, count, at);
    }
  }
}

/// Puts the sums of the index-th line of a range where they belong. The next line begins.
template <const pass_info& Pass>
void take_line(line_lanes* lanes, const pass_sums& sums, std::size_t index) {
  for (std::size_t k = 0; k < Pass.sum_count; ++k) {
    if (Pass.extents[k] == sum_extent::column) continue;
    const double sum = lanes[k].take();
    if (Pass.extents[k] == sum_extent::row) {
      sums.rows[k][index] = sum;
    } else {
      *sums.totals[k] += sum;
    }
  }
}

/// Adds up terms in the order of the elements.
template <class T, const pass_info& Pass>
class line_sums {
 public:
  using buffers = term_buffers<T, Pass.sum_count>;

  line_sums(const step_range& range, const pass_sums& sums) : range_(range), sums_(sums) {
    for (std::size_t k = 0; k < Pass.sum_count; ++k) columns_[k] = sums.columns[k];
  }

  /// The number of elements to add next: whole lines, or a part of one that begins at a multiple of
  /// 32 of its elements.
  std::size_t next_count(std::size_t left) const {
    const std::size_t length = sums_.line_length;
    const std::size_t in_line = length - at_;
    if (at_ != 0 || length > buffers::elements) return std::min(in_line, buffers::elements);
    return std::min(left, buffers::elements / length * length);
  }

  void add(const buffers& terms, std::size_t count) {
    for (std::size_t from = 0; from < count;) {
      const std::size_t n = std::min(count - from, sums_.line_length - at_);
      add_terms<Pass, T>(terms, from, n, at_, lanes_, columns_);
      from += n;
      at_ += n;
      if (at_ == sums_.line_length) end_line();
    }
  }

 private:
  void end_line() {
    at_ = 0;
    take_line<Pass>(lanes_, sums_, line_++);
    if (range_.columns == 0) return;
    const std::size_t row = range_.offset / range_.columns + line_;
    if (row % range_.rows != 0) return;
    for (std::size_t k = 0; k < Pass.sum_count; ++k) {
      if (Pass.extents[k] == sum_extent::column) columns_[k] += sums_.columns_apart;
    }
  }

  const step_range& range_;
  const pass_sums& sums_;
  double* columns_[Pass.sum_count];
  line_lanes lanes_[Pass.sum_count];
  std::size_t at_ = 0;    // in the line
  std::size_t line_ = 0;  // of the range
};

}  // namespace
}  // namespace gradstep::internal
