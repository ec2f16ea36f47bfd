// SPDX-License-Identifier: Apache-2.0
//
// Whole arrays from one dtype to another. Numbers are rounded to nearest, and to float32 first
// unless both dtypes hold float64. Denormals are kept.
#pragma once

#include <cstddef>

#include "kernels/storage/operand.hpp"
#include "rules/passes.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {

/// values = from, on the calling thread. An 8-bit array begins at a block.
void read_array(const operand& from, std::size_t count, double* values) noexcept;

/// to = values, on the calling thread. An 8-bit array begins at a block.
void write_array(const operand& to, std::size_t count, const double* values) noexcept;

/// to = from, on the context's threads. 8-bit arrays begin at a block. Both may have gaps. Arrays
/// that are stored alike are copied to the bit.
void convert_array(const context& c, const operand& from, const operand& to,
                   const tensor_shape& shape) noexcept;

/// The same for arrays without gaps.
void convert_array(const context& c, const operand& from, const operand& to,
                   std::size_t count) noexcept;

}  // namespace gradstep::internal
