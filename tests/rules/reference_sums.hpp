// SPDX-License-Identifier: Apache-2.0
//
// The sums of a pass in the order that docs/numerics.md promises, in any number type. lib/step and
// lib/kernels/loops add in the same order with tiles, threads and vectors.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <vector>

#include "rules/passes.hpp"
#include "rules/tracked.hpp"
#include "rules/unfused.hpp"

namespace gradstep_test {

using gradstep::internal::sum_term;
using gradstep::internal::tensor_shape;

// ---- Number types -----------------------------------------------------------------------------

/// The number types that go with elements of type V. constant: a constant of a step. real: what
/// `prepare` computes in. sum: what terms are added in. total: what `finish` computes in.
template <class V>
struct arithmetic;
template <std::floating_point T>
struct arithmetic<T> {
  using constant = T;
  using real = double;
  using sum = double;
  using total = double;
  static double to_sum(T x) { return x; }
};
template <class T>
struct arithmetic<unfused<T>> {
  using constant = T;
  using real = double;
  using sum = unfused<double>;
  using total = double;
  static sum to_sum(unfused<T> x) { return sum(static_cast<double>(x.value)); }
};
template <class T>
struct arithmetic<tracked<T>> {
  using constant = tracked<T>;
  using real = typename tracked<T>::wide;
  using sum = tracked<T>;
  using total = tracked<T>;
  static tracked<T> to_sum(tracked<T> x) { return x; }
};

template <class V>
using sum_of = typename arithmetic<V>::sum;
template <class V>
using total_of = typename arithmetic<V>::total;

inline double to_total(double x) { return x; }
inline double to_total(unfused<double> x) { return x.value; }
template <class T>
tracked<T> to_total(tracked<T> x) {
  return x;
}

// ---- Order ------------------------------------------------------------------------------------

/// 0 + 1, 2 + 3 ..., then (0 + 1) + (2 + 3) and so on.
template <class Sum>
Sum add_in_pairs(std::vector<Sum> blocks) {
  while (blocks.size() > 1) {
    for (std::size_t i = 0; 2 * i < blocks.size(); ++i) {
      const bool has_partner = 2 * i + 1 < blocks.size();
      blocks[i] = has_partner ? blocks[2 * i] + blocks[2 * i + 1] : blocks[2 * i];
    }
    blocks.resize((blocks.size() + 1) / 2);
  }
  return blocks.at(0);
}

/// The sums of the terms of a tensor.
template <class V>
class ordered_sums {
 public:
  using sum = sum_of<V>;

  ordered_sums(const tensor_shape& shape, const std::vector<sum_term<V>>& terms)
      : shape_(shape), terms_(terms) {}

  /// In blocks of 16384 elements.
  total_of<V> flat_total() const {
    std::vector<sum> blocks;
    for (std::size_t first = 0; first < terms_.size(); first += block_elements) {
      blocks.push_back(line(first, std::min(block_elements, terms_.size() - first)));
    }
    return to_total(add_in_pairs(blocks));
  }

  /// In blocks of 64 rows and 4096 columns, each row by row. Matrices of one block share blocks of
  /// about 16384 elements.
  total_of<V> total() const {
    const bool is_one_block = shape_.rows <= block_rows && shape_.columns <= block_columns;
    const std::size_t in_block = std::max<std::size_t>(
        is_one_block ? block_elements / (shape_.rows * shape_.columns) : 1, 1);
    std::vector<sum> blocks;
    for (std::size_t matrix = 0; matrix < shape_.matrices(); matrix += in_block) {
      const std::size_t end = std::min<std::size_t>(shape_.matrices(), matrix + in_block);
      for (std::size_t row = 0; row < shape_.rows; row += block_rows) {
        for (std::size_t column = 0; column < shape_.columns; column += block_columns) {
          blocks.push_back(block(matrix, end, row, column));
        }
      }
    }
    return to_total(add_in_pairs(blocks));
  }

  /// One sum per row, of all matrices.
  std::vector<total_of<V>> rows() const {
    std::vector<total_of<V>> all;
    for (std::size_t row = 0; row < shape_.matrices() * shape_.rows; ++row) {
      std::vector<sum> blocks;
      for (std::size_t column = 0; column < shape_.columns; column += block_columns) {
        blocks.push_back(part_of_row(row, column));
      }
      all.push_back(to_total(add_in_pairs(blocks)));
    }
    return all;
  }

  /// One sum per column, of all matrices.
  std::vector<total_of<V>> columns() const {
    std::vector<total_of<V>> all;
    for (std::size_t matrix = 0; matrix < shape_.matrices(); ++matrix) {
      for (std::size_t column = 0; column < shape_.columns; ++column) {
        std::vector<sum> blocks;
        for (std::size_t row = 0; row < shape_.rows; row += block_rows) {
          blocks.push_back(part_of_column(matrix, row, column));
        }
        all.push_back(to_total(add_in_pairs(blocks)));
      }
    }
    return all;
  }

 private:
  static constexpr std::size_t block_elements = 16384, block_rows = 64, block_columns = 4096;
  static constexpr std::size_t lane_count = 32;

  void add(std::size_t i, sum& to) const {
    using gradstep::internal::fma;
    to = fma(arithmetic<V>::to_sum(terms_[i].a), arithmetic<V>::to_sum(terms_[i].b), to);
  }

  /// 32 partial sums, then the upper half is added to the lower half until one is left.
  sum line(std::size_t first, std::size_t count) const {
    std::array<sum, lane_count> lanes;
    lanes.fill(sum(0));
    for (std::size_t i = 0; i < count; ++i) add(first + i, lanes[i % lane_count]);
    for (std::size_t half = lane_count / 2; half > 0; half /= 2) {
      for (std::size_t i = 0; i < half; ++i) lanes[i] = lanes[i] + lanes[i + half];
    }
    return lanes[0];
  }

  /// row: over all matrices.
  sum part_of_row(std::size_t row, std::size_t column) const {
    return line(row * shape_.columns + column,
                std::min<std::size_t>(block_columns, shape_.columns - column));
  }

  sum part_of_column(std::size_t matrix, std::size_t row, std::size_t column) const {
    sum result(0);
    const std::size_t end = std::min<std::size_t>(shape_.rows, row + block_rows);
    for (; row < end; ++row) add((matrix * shape_.rows + row) * shape_.columns + column, result);
    return result;
  }

  sum block(std::size_t matrix, std::size_t end, std::size_t row, std::size_t column) const {
    sum result(0);
    for (; matrix < end; ++matrix) {
      const std::size_t last = std::min<std::size_t>(shape_.rows, row + block_rows);
      for (std::size_t r = row; r < last; ++r) {
        result = result + part_of_row(matrix * shape_.rows + r, column);
      }
    }
    return result;
  }

  tensor_shape shape_;
  const std::vector<sum_term<V>>& terms_;
};

}  // namespace gradstep_test
