// SPDX-License-Identifier: Apache-2.0
#include "step/array_conversion.hpp"

#include <algorithm>
#include <cstring>

#include "base/float_environment.hpp"
#include "kernels/isa.hpp"

namespace gradstep::internal {

// Out of line, so that no arithmetic moves out of the floating-point environment's scope.
[[gnu::noinline]] void read_block(const operand& from, std::size_t count, double* values) noexcept {
  if (from.type == dtype::float64) {
    std::memcpy(values, from.data, count * sizeof(double));
    return;
  }
  float single[block_elements];
  isa_levels()[0].kernels->load_float32(from, count, single);
  std::copy_n(single, count, values);
}

[[gnu::noinline]] void write_block(const operand& to, std::size_t count,
                                   const double* values) noexcept {
  if (to.type == dtype::float64) {
    std::memcpy(to.data, values, count * sizeof(double));
    return;
  }
  float single[block_elements];
  for (std::size_t i = 0; i < count; ++i) single[i] = static_cast<float>(values[i]);
  isa_levels()[0].kernels->store_float32(single, to, count);
}

void convert_array(const operand& from, const operand& to, std::size_t count) noexcept {
  const float_environment environment(false);
  double values[block_elements];
  for (std::size_t i = 0; i < count; i += block_elements) {
    const std::size_t n = std::min(block_elements, count - i);
    read_block(from + i, n, values);
    write_block(to + i, n, values);
  }
}

}  // namespace gradstep::internal
