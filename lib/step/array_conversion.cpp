// SPDX-License-Identifier: Apache-2.0
#include "step/array_conversion.hpp"

#include <algorithm>
#include <cstring>

#include "base/float_environment.hpp"
#include "kernels/isa.hpp"
#include "threads/pieces.hpp"

namespace gradstep::internal {
namespace {

/// At most a block of elements, from the first of a block on.
void read_block(const kernel_table& kernels, const operand& from, std::size_t count,
                double* values) {
  if (from.type == dtype::float64) {
    std::memcpy(values, from.data, count * sizeof(double));
    return;
  }
  float single[block_elements];
  kernels.load_float32(from, count, single);
  std::copy_n(single, count, values);
}

/// At most a block of elements, from the first of a block on.
void write_block(const kernel_table& kernels, const operand& to, std::size_t count,
                 const double* values) {
  if (to.type == dtype::float64) {
    std::memcpy(to.data, values, count * sizeof(double));
    return;
  }
  float single[block_elements];
  std::copy_n(values, count, single);
  kernels.store_float32(single, to, count);
}

/// Whether a number has the same bytes in both arrays.
bool are_stored_alike(const operand& a, const operand& b) {
  return a.type == b.type && has_lower_halves(a) == has_lower_halves(b);
}

/// Copies elements that have no gaps between them. 8-bit arrays begin at a block.
void copy_run(const operand& from, const operand& to, std::size_t count) {
  std::memcpy(to.data, from.data, count * size_of(to.type));
  const std::size_t extra = extra_size(to.type, has_lower_halves(to), count);
  if (extra != 0) std::memcpy(to.extra, from.extra, extra);
}

/// The array from the index-th element of its tensor on.
operand at_element(const operand& array, const tensor_shape& shape, std::size_t index) {
  if (array.pitch == 0) return array + index;
  return array + (index / shape.columns * array.pitch + index % shape.columns);
}

/// Calls visit(index, n) for each run of elements [index, index + n) of [begin, begin + count) that
/// has no gap in it. has_gaps: there are gaps between rows.
template <class Visit>
void for_each_run(bool has_gaps, const tensor_shape& shape, std::size_t begin, std::size_t count,
                  const Visit& visit) {
  if (!has_gaps) return visit(begin, count);
  for (std::size_t index = begin; index < begin + count;) {
    const std::size_t left_in_row = shape.columns - index % shape.columns;
    const std::size_t n = std::min(begin + count - index, left_in_row);
    visit(index, n);
    index += n;
  }
}

/// Calls convert(index, n) for each block of elements [index, index + n).
template <class Convert>
void for_each_block(std::size_t count, const Convert& convert) {
  in_step_environment(false, [&] {
    for (std::size_t i = 0; i < count; i += block_elements) {
      convert(i, std::min(block_elements, count - i));
    }
  });
}

/// Without a context nobody has chosen an instruction set: the one that every machine has.
const kernel_table& kernels_without_context() { return *isa_levels()[0].kernels; }

}  // namespace

void read_array(const operand& from, std::size_t count, double* values) noexcept {
  for_each_block(count, [&](std::size_t i, std::size_t n) {
    read_block(kernels_without_context(), from + i, n, values + i);
  });
}

void write_array(const operand& to, std::size_t count, const double* values) noexcept {
  for_each_block(count, [&](std::size_t i, std::size_t n) {
    write_block(kernels_without_context(), to + i, n, values + i);
  });
}

void convert_array(const context& c, const operand& from, const operand& to,
                   const tensor_shape& shape) noexcept {
  const kernel_table& kernels = *c.isa->kernels;
  const auto copy = [&](std::size_t begin, std::size_t count) {
    const bool has_gaps = from.pitch != 0 || to.pitch != 0;
    for_each_run(has_gaps, shape, begin, count, [&](std::size_t i, std::size_t n) {
      copy_run(at_element(from, shape, i), at_element(to, shape, i), n);
    });
  };
  const auto convert = [&](std::size_t begin, std::size_t count) {
    for_each_block(count, [&](std::size_t block, std::size_t block_count) {
      double values[block_elements];
      const std::size_t first = begin + block;
      for_each_run(from.pitch != 0, shape, first, block_count, [&](std::size_t i, std::size_t n) {
        read_block(kernels, at_element(from, shape, i), n, values + (i - first));
      });
      for_each_run(to.pitch != 0, shape, first, block_count, [&](std::size_t i, std::size_t n) {
        write_block(kernels, at_element(to, shape, i), n, values + (i - first));
      });
    });
  };
  const bool is_copy = are_stored_alike(from, to);
  run_array_pieces(c, shape.count, [&](std::size_t begin, std::size_t count) {
    is_copy ? copy(begin, count) : convert(begin, count);
  });
}

void convert_array(const context& c, const operand& from, const operand& to,
                   std::size_t count) noexcept {
  convert_array(c, from, to, tensor_shape{count, 0, 0});
}

}  // namespace gradstep::internal
