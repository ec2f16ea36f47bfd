// SPDX-License-Identifier: Apache-2.0
//
// The sum of squares of one block, in double. It has 32 virtual lanes whatever the vector's width,
// so that every instruction set adds in the same order.
#pragma once

#include <algorithm>
#include <limits>

#include "kernels/loops/norm_sum.hpp"
#include "kernels/loops/range_part.hpp"
#include "kernels/storage/padded_part.hpp"
#include "kernels/storage/strip_load.hpp"

namespace gradstep::internal {
namespace {

constexpr std::size_t norm_lanes = 32;

/// The sum of all lanes, which are changed.
inline double fold_lanes(double* lanes) {
  for (std::size_t half = norm_lanes / 2; half > 0; half /= 2) {
    for (std::size_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

/// One sum per virtual lane.
class lane_sums {
 public:
  lane_sums() {
#pragma GCC unroll 16
    for (std::size_t k = 0; k < vectors; ++k) sums_[k] = vec<double>(0.0);
  }

  /// In each lane: sum = next(element, sum).
  template <class T, class Next>
  void add(const T* elements, const Next& next) {
#pragma GCC unroll 16
    for (std::size_t k = 0; k < vectors; ++k) {
      sums_[k] = next(load_converted<double>(elements + k * vec<double>::width), sums_[k]);
    }
  }

  double total() const {
    double lanes[norm_lanes];
#pragma GCC unroll 16
    for (std::size_t k = 0; k < vectors; ++k) sums_[k].store(lanes + k * vec<double>::width);
    return fold_lanes(lanes);
  }

 private:
  static constexpr std::size_t vectors = norm_lanes / vec<double>::width;
  vec<double> sums_[vectors];
};

template <class T, class Next>
[[gnu::always_inline]] inline void add_converted(const prepared_operand& grad, std::size_t index,
                                                 lane_sums& sums, const Next& next) {
  strip<T, norm_lanes / vec<T>::width> elements;
  load(grad, index, elements);
  alignas(64) T converted[norm_lanes];
  elements.store(converted);
  sums.add(static_cast<const T*>(converted), next);
}

/// The `n` elements from the `at`-th one on, at most 32, of a gradient with gaps.
template <class T>
void gather(const gradient_block& block, std::size_t at, std::size_t n, T* to) {
  padded_part<norm_lanes> part;
  for (std::size_t done = 0; done < n;) {
    const std::size_t index = block.first + at + done;
    const std::size_t in_row = std::min(n - done, block.columns - index % block.columns);
    const operand from = block.grad + pitched_index(block.grad.pitch, block.columns, index);
    strip<T, norm_lanes / vec<T>::width> elements;
    load(prepared_operand(part.take(from, 0, in_row)), 0, elements);
    alignas(64) T converted[norm_lanes];
    elements.store(converted);
    std::copy_n(converted, in_row, to + done);
    done += in_row;
  }
}

template <class T, class Next>
[[gnu::noinline]] double fold_with_gaps(const gradient_block& block, const Next& next) {
  lane_sums sums;
  for (std::size_t i = 0; i < block.count; i += norm_lanes) {
    alignas(64) T elements[norm_lanes] = {};
    gather(block, i, std::min(norm_lanes, block.count - i), elements);
    sums.add(static_cast<const T*>(elements), next);
  }
  return sums.total();
}

/// Folds `next` over the gradients after converting each to T.
template <class T, class Next>
double fold(const gradient_block& block, const Next& next) {
  if (block.grad.pitch != 0) return fold_with_gaps<T>(block, next);
  const operand grad = block.grad + block.first;
  const std::size_t count = block.count;
  lane_sums sums;
  const bool is_native = grad.type == native<T>;
  const prepared_operand all(grad);
  std::size_t i = 0;
  for (; i + norm_lanes <= count; i += norm_lanes) {
    if (is_native) {
      sums.add(static_cast<const T*>(grad.data) + i, next);
    } else {
      add_converted<T>(all, i, sums, next);
    }
  }
  if (i == count) return sums.total();
  padded_part<norm_lanes> rest;
  add_converted<T>(prepared_operand(rest.take(grad + i, 0, count - i)), 0, sums, next);
  return sums.total();
}

/// factor: 2^-exponent, which multiplies each element before it is squared.
template <class T>
scaled_sum scaled_squares(const gradient_block& block, double factor, int exponent) {
  using lanes = vec<double>;
  const lanes scale(factor);
  const double sum = fold<T>(block, [=](lanes x, lanes s) {
    x = x * scale;
    return fma(x, x, s);
  });
  return {sum, exponent};
}

template <class T>
scaled_sum squares_of(const gradient_block& block) {
  using lanes = vec<double>;
  const double sum = fold<T>(block, [](lanes x, lanes s) { return fma(x, x, s); });
  if constexpr (sizeof(T) == sizeof(double)) {
    // Below 2^-900, squares that vanish could matter. Squares of float32 stay within these limits.
    if (sum < 0x1p-900) return scaled_squares<T>(block, 0x1p600, -600);
    if (!(sum <= std::numeric_limits<double>::max())) {
      return scaled_squares<T>(block, 0x1p-600, 600);
    }
  }
  return {sum, 0};
}

template <class T>
norm_sum sum_squares(const gradient_block& block, double largest) {
  using lanes = vec<double>;
  const scaled_sum squares = squares_of<T>(block);
  // No finite element exceeds the root of the sum (up to rounding), so few blocks need a count.
  const bool is_in_range = squares.exponent <= 0;
  if (is_in_range && squares.sum < largest * largest * 0.5) return {squares, 0};
  const lanes limit(largest), zero(0.0), one(1.0);
  const double non_finite =
      fold<T>(block, [&](lanes x, lanes s) { return s + select(abs(x) <= limit, zero, one); });
  return {squares, static_cast<std::uint64_t>(non_finite)};
}

}  // namespace
}  // namespace gradstep::internal
