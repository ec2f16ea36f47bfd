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
                   std::size_t count) noexcept {
  run_array_pieces(c, count, [&](std::size_t begin, std::size_t piece_count) {
    for_each_block(piece_count, [&](std::size_t i, std::size_t n) {
      double values[block_elements];
      read_block(*c.isa->kernels, from + (begin + i), n, values);
      write_block(*c.isa->kernels, to + (begin + i), n, values);
    });
  });
}

void convert_array(const context& c, const operand& from, const operand& to,
                   const tensor_shape& shape) noexcept {
  if (from.pitch == 0 && to.pitch == 0) return convert_array(c, from, to, shape.count);
  const auto row_of = [&](const operand& array, std::size_t row) {
    return array + row * (array.pitch == 0 ? shape.columns : array.pitch);
  };
  for (std::size_t row = 0; row < shape.count / shape.columns; ++row) {
    convert_array(c, row_of(from, row), row_of(to, row), shape.columns);
  }
}

}  // namespace gradstep::internal
