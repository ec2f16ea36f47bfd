// SPDX-License-Identifier: Apache-2.0
//
// What one instruction set's object hands to the rest of the library: one table of plain functions.
// Everything that crosses this border is plain data, so nothing compiled for a higher instruction
// set can be linked into code that runs on a lower one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/storage/operand.hpp"
#include "rules/rule.hpp"

namespace gradstep::internal {

/// Everything that is constant over the step, for all tensors that are computed in one type.
struct prepared_step {
  alignas(16) unsigned char coefficients[192];
  double grad_scale;        // with maximize's sign
  double grad_scale_power;  // gradients are multiplied by this power of two as well: 1, unless the
                            // product would not be a normal number
  double coupled_decay;     // g + coupled_decay p; 0: none
  double decoupled_decay;   // of the param in one step, lr weight_decay
  // What the loop over strips does around the rule.
  double value_limit;      // the scaled gradient is clipped to +- this; infinity: it is not
  double average_decay;    // of the moving average of the param
  bool copies_to_average;  // in place of that
  bool favours_new;        // an average of the rule's weighs what is new more than its past
  bool zeroes_grad;
  bool streams_copy;  // past the caches, which a large step would fill with it
};

/// A range of one tensor. Of what is absent, data is null.
struct step_range {
  operand param;
  operand grad;
  operand slots[max_slots];
  operand copy;     // of the param, in another type
  operand average;  // of the param over the steps, in the type that is computed in
  std::size_t slot_count;
  std::size_t count;
  std::uint64_t first_index;  // of the range in its tensor; keys the random bits
  std::uint64_t random_key;   // of the tensor at this step
};

struct step_kernel {
  /// Fills prepared.coefficients from the rule's hyper-parameters at step t. has_fresh_slots: as in
  /// `arguments`.
  void (*prepare)(const double* hyperparameters, std::uint64_t step, bool has_fresh_slots,
                  prepared_step& prepared);
  void (*run)(const prepared_step& prepared, const step_range& range);
};

/// A sum of squares, of elements divided by 2^exponent: squares themselves can leave the range of
/// double at either end.
struct scaled_sum {
  double sum;
  int exponent;
};

struct block_sum {
  scaled_sum squares;
  std::uint64_t non_finite_count;
};

/// What depends on the type that is computed in.
struct typed_kernels {
  /// Per rule in the registry's order, per form: see rule_entry::kernel_index.
  const step_kernel* steps;
  /// The sum over at most one block of the norm's fixed blocks, of gradients as they are converted
  /// to this type. Those beyond +-largest count as not finite.
  block_sum (*sum_squares)(const operand& grad, double largest, std::size_t count);
};

/// What this build does not round exactly.
struct inexact_operation {
  const char* type;  // null: there is none
  const char* name;
};

struct kernel_table {
  const char* isa;
  /// Tries divisions, roots and, but for x86's baseline, fused multiply-adds. Some microseconds;
  /// needs the floating-point environment of a step.
  inexact_operation (*find_inexact)();
  typed_kernels float32;
  typed_kernels float64;
  void (*load_float32)(const operand& from, std::size_t count, float* to);
  /// Rounds to nearest. Whole blocks of 8-bit types.
  void (*store_float32)(const float* from, const operand& to, std::size_t count);
};

}  // namespace gradstep::internal
