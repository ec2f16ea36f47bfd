// SPDX-License-Identifier: Apache-2.0
//
// What one instruction set's object hands to the rest of the library: one table of plain functions.
// Everything that crosses this border is plain data, so nothing compiled for a higher instruction
// set can be linked into code that runs on a lower one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "rule.hpp"

namespace gradstep::internal {

/// Storage types; the values are the C API's.
enum class dtype : std::int32_t { float32 = 1, float64 = 2 };

inline constexpr std::size_t size_of(dtype type) { return type == dtype::float64 ? 8 : 4; }

/// Everything that is constant over the step, for all tensors of one type.
struct prepared_step {
  alignas(16) unsigned char coefficients[192];
  double grad_scale;     // with maximize's sign
  double coupled_decay;  // g + coupled_decay p; 0: none
  double keep;           // keep p - change
};

/// A range of one tensor: all pointers stand at its first element.
struct step_range {
  void* param;
  const void* grad;
  void* slots[max_slots];  // unused ones are null
  dtype param_type;
  dtype grad_type;
  std::size_t count;
};

struct step_kernel {
  /// Fills prepared.coefficients from the rule's hyper-parameters at step t.
  void (*prepare)(const double* hyperparameters, std::uint64_t step, prepared_step& prepared);
  void (*run)(const prepared_step& prepared, const step_range& range);
};

struct block_sum {
  double sum_of_squares;
  std::uint64_t non_finite_count;
};

struct kernel_table {
  const char* isa;
  /// Per rule in the registry's order, per form: see catalogue_entry::kernel_index.
  const step_kernel* float32_steps;
  const step_kernel* float64_steps;
  /// The sum over at most one block of the norm's fixed blocks.
  block_sum (*sum_squares)(const void* data, dtype type, std::size_t count);
};

}  // namespace gradstep::internal
