// SPDX-License-Identifier: Apache-2.0
//
// The sum of squares of one block in double, over 32 virtual lanes whatever the vector's width, so
// that every instruction set adds in the same order.
#pragma once

#include <limits>

#include "batch.hpp"
#include "kernel_table.hpp"

namespace gradstep::internal {
namespace {

constexpr std::size_t norm_lanes = 32;

struct lane_sums {
  static constexpr std::size_t vectors = norm_lanes / vec<double>::width;
  vec<double> squares[vectors];
  vec<double> non_finite[vectors];

  lane_sums() {
#pragma GCC unroll 16
    for (std::size_t k = 0; k < vectors; ++k) squares[k] = non_finite[k] = vec<double>(0.0);
  }

  template <class From>
  void add(const From* elements) {
    const vec<double> zero(0.0), one(1.0), largest(std::numeric_limits<From>::max());
#pragma GCC unroll 16
    for (std::size_t k = 0; k < vectors; ++k) {
      const vec<double> x = load_converted<double>(elements + k * vec<double>::width);
      squares[k] = fma(x, x, squares[k]);
      non_finite[k] = non_finite[k] + select(abs(x) <= largest, zero, one);
    }
  }

  static double total(const vec<double>* sums) {
    double lanes[norm_lanes];
#pragma GCC unroll 16
    for (std::size_t k = 0; k < vectors; ++k) sums[k].store(lanes + k * vec<double>::width);
    for (std::size_t half = norm_lanes / 2; half > 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
    }
    return lanes[0];
  }
};

template <class From>
block_sum sum_squares_of(const From* elements, std::size_t count) {
  lane_sums sums;
  std::size_t i = 0;
  for (; i + norm_lanes <= count; i += norm_lanes) sums.add(elements + i);
  if (i < count) {
    From padded[norm_lanes] = {};
    std::memcpy(padded, elements + i, (count - i) * sizeof(From));
    sums.add(padded);
  }
  return {lane_sums::total(sums.squares),
          static_cast<std::uint64_t>(lane_sums::total(sums.non_finite))};
}

block_sum sum_squares(const void* data, dtype type, std::size_t count) {
  if (type == dtype::float64) return sum_squares_of(static_cast<const double*>(data), count);
  return sum_squares_of(static_cast<const float*>(data), count);
}

}  // namespace
}  // namespace gradstep::internal
