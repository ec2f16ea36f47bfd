// SPDX-License-Identifier: Apache-2.0
//
// Whole arrays from one dtype to another.
#pragma once

#include <cstddef>

#include "kernels/storage/operand.hpp"

namespace gradstep::internal {

/// At most a block of elements, the first of a block, to or from doubles; rounded to nearest,
/// through float32 but for float64. The caller sets the floating-point environment.
void read_block(const operand& from, std::size_t count, double* values) noexcept;
void write_block(const operand& to, std::size_t count, const double* values) noexcept;

/// The same elements in another dtype, on the calling thread.
void convert_array(const operand& from, const operand& to, std::size_t count) noexcept;

}  // namespace gradstep::internal
