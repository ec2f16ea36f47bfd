// SPDX-License-Identifier: Apache-2.0
//
// The sum of squares of one block, in double. It has 32 virtual lanes whatever the vector's width,
// so that every instruction set adds in the same order.
#pragma once

#include <limits>

#include "kernels/loops/norm_sum.hpp"
#include "kernels/storage/padded_part.hpp"
#include "kernels/storage/strip_load.hpp"

namespace gradstep::internal {
namespace {

constexpr std::size_t norm_lanes = 32;

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
    for (std::size_t half = norm_lanes / 2; half > 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
    }
    return lanes[0];
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

/// Folds `next` over the gradients after converting each to T.
template <class T, class Next>
double fold(const operand& grad, std::size_t count, const Next& next) {
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
scaled_sum scaled_squares(const operand& grad, std::size_t count, double factor, int exponent) {
  using lanes = vec<double>;
  const lanes scale(factor);
  const double sum = fold<T>(grad, count, [=](lanes x, lanes s) {
    x = x * scale;
    return fma(x, x, s);
  });
  return {sum, exponent};
}

template <class T>
scaled_sum squares_of(const operand& grad, std::size_t count) {
  using lanes = vec<double>;
  const double sum = fold<T>(grad, count, [](lanes x, lanes s) { return fma(x, x, s); });
  if constexpr (sizeof(T) == sizeof(double)) {
    // Below 2^-900, squares that vanish could matter. Squares of float32 stay within these limits.
    if (sum < 0x1p-900) return scaled_squares<T>(grad, count, 0x1p600, -600);
    if (!(sum <= std::numeric_limits<double>::max())) {
      return scaled_squares<T>(grad, count, 0x1p-600, 600);
    }
  }
  return {sum, 0};
}

template <class T>
norm_sum sum_squares(const operand& grad, double largest, std::size_t count) {
  using lanes = vec<double>;
  const scaled_sum squares = squares_of<T>(grad, count);
  // No finite element exceeds the root of the sum (up to rounding), so few blocks need a count.
  const bool is_in_range = squares.exponent <= 0;
  if (is_in_range && squares.sum < largest * largest * 0.5) return {squares, 0};
  const lanes limit(largest), zero(0.0), one(1.0);
  const double non_finite = fold<T>(
      grad, count, [&](lanes x, lanes s) { return s + select(abs(x) <= limit, zero, one); });
  return {squares, static_cast<std::uint64_t>(non_finite)};
}

}  // namespace
}  // namespace gradstep::internal
