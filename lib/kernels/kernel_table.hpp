// SPDX-License-Identifier: Apache-2.0
//
// What the rest of the library gets from the object of one instruction set: a table of plain
// functions. Only plain data crosses this border, so nothing compiled for a higher instruction set
// can be linked into code that runs on a lower one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/loops/norm_sum.hpp"
#include "kernels/loops/step_kernel.hpp"
#include "kernels/vectors/inexact_operation.hpp"

namespace gradstep::internal {

/// The kernels for one type of arithmetic, float32 or float64.
struct typed_kernels {
  /// One per form of each rule; rule_entry::kernel_index is the index.
  const step_kernel* steps;
  /// Converts at most one block of the norm's fixed blocks to this type and sums it. Elements of a
  /// magnitude above `largest` count as not finite.
  norm_sum (*sum_squares)(const gradient_block& block, double largest);
};

struct kernel_table {
  const char* isa;
  /// Tries divisions, square roots and (x86's baseline excepted) fused multiply-adds. Takes some
  /// microseconds; the caller sets a step's floating-point environment.
  inexact_operation (*find_inexact)();
  typed_kernels float32;
  typed_kernels float64;
  /// Converts to float32. `from`: of any type; an 8-bit operand begins at a block.
  void (*load_float32)(const operand& from, std::size_t count, float* to);
  /// Rounds to nearest. `to`: of any type but float64; an 8-bit operand begins at a block.
  void (*store_float32)(const float* from, const operand& to, std::size_t count);
};

}  // namespace gradstep::internal
