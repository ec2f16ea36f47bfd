// SPDX-License-Identifier: Apache-2.0
//
// A tensor cut into tiles, which threads sum independently of each other. The cuts depend on the
// tensor's shape alone, so sums have the same bits however the work is shared.
#pragma once

#include <algorithm>
#include <cstddef>

#include "rules/passes.hpp"

namespace gradstep::internal {

/// A rectangle of a matrix, or several small matrices, or a part of a flat tensor, which is one
/// line.
struct tile {
  std::size_t first;                    // element of the tensor
  std::size_t lines, line_length;       // a line begins `columns` elements after the one before
  std::size_t matrix, row, column;      // of the first element; row: over all matrices
  std::size_t row_block, column_block;  // in the matrix
  bool is_gapless;                      // its lines follow each other
};

/// The tiles of a tensor. A flat tensor has one per 16384 elements. A matrix has one per 64 rows
/// and 4096 columns. Small matrices share a tile of about 16384 elements.
class tile_grid {
 public:
  static constexpr std::size_t flat_elements = 16384;
  static constexpr std::size_t tile_rows = 64;
  static constexpr std::size_t tile_columns = 4096;

  tile_grid() = default;

  /// shape: flat, or of a tensor whose pass sums over rows or columns.
  explicit tile_grid(const tensor_shape& shape) : shape_(shape) {
    if (!shape.is_matrix()) {
      size_ = parts(shape.count, flat_elements);
      return;
    }
    row_blocks_ = parts(shape.rows, tile_rows);
    column_blocks_ = parts(shape.columns, tile_columns);
    if (row_blocks_ * column_blocks_ == 1) {
      const std::size_t elements = shape.rows * shape.columns;
      matrices_in_tile_ = std::max<std::size_t>(flat_elements / elements, 1);
    }
    size_ = parts(shape.matrices(), matrices_in_tile_) * row_blocks_ * column_blocks_;
  }

  std::size_t size() const { return size_; }
  std::size_t row_blocks() const { return row_blocks_; }
  std::size_t column_blocks() const { return column_blocks_; }

  tile operator[](std::size_t n) const {
    if (!shape_.is_matrix()) {
      const std::size_t first = n * flat_elements;
      return {first, 1, std::min<std::size_t>(flat_elements, shape_.count - first),
              0,     0, first,
              0,     0, true};
    }
    const std::size_t column_block = n % column_blocks_;
    const std::size_t row_block = n / column_blocks_ % row_blocks_;
    const std::size_t matrix = n / column_blocks_ / row_blocks_ * matrices_in_tile_;
    const std::size_t matrices =
        std::min<std::size_t>(matrices_in_tile_, shape_.matrices() - matrix);
    const std::size_t row = row_block * tile_rows, column = column_block * tile_columns;
    const std::size_t rows = std::min<std::size_t>(tile_rows, shape_.rows - row);
    const std::size_t columns = std::min<std::size_t>(tile_columns, shape_.columns - column);
    const std::size_t all_rows = matrix * shape_.rows + row;
    return {all_rows * shape_.columns + column,
            matrices * rows,
            columns,
            matrix,
            all_rows,
            column,
            row_block,
            column_block,
            column_blocks_ == 1};
  }

 private:
  static constexpr std::size_t parts(std::size_t count, std::size_t size) {
    return count / size + (count % size != 0);
  }

  tensor_shape shape_{};
  std::size_t row_blocks_ = 1, column_blocks_ = 1, matrices_in_tile_ = 1;
  std::size_t size_ = 0;
};

/// Adds blocks in a binary tree over their numbers: 0 + 1, 2 + 3 ..., then (0 + 1) + (2 + 3) and so
/// on. So the sum of an aligned part of the blocks is a subtree. add(i, j): block i += block j.
/// Block 0 becomes the sum.
template <class Add>
void add_in_tree(std::size_t count, const Add& add) {
  for (std::size_t apart = 1; apart < count; apart *= 2) {
    for (std::size_t i = 0; i + apart < count; i += 2 * apart) add(i, i + apart);
  }
}

}  // namespace gradstep::internal
