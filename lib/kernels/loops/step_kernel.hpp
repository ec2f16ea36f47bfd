// SPDX-License-Identifier: Apache-2.0
//
// A rule's passes as compiled for one instruction set, and what they are given: the constants of
// the step and a range of one tensor. All of this is plain data, because it crosses between code
// compiled for different instruction sets.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/storage/operand.hpp"
#include "rules/rule.hpp"

namespace gradstep::internal {

/// The constants of a step for all tensors that are computed in one type.
struct prepared_step {
  alignas(16) unsigned char coefficients[192];  // of the rule, for that type
  double grad_scale;                            // negative when the step maximizes
  double grad_scale_power;  // a second factor of gradients, a power of two; other than 1 only if
                            // the product of both factors would not be a normal number
  double coupled_decay;     // g + coupled_decay p; 0: none
  double decoupled_decay;   // lr weight_decay: the param's decay in one step; 0: none
  double decay_after;       // likewise, of the new param; one of the two is 0
  double l1_penalty;        // g + l1_penalty sign(p); 0: none
  // What the loop does around the rule.
  double value_limit;      // scaled gradients are clipped to +-value_limit; infinity: no clipping
  double average_decay;    // of the moving average of the param: the weight of its past
  double average_of_new;   // and the weight of the new param
  bool copies_to_average;  // the average becomes the param instead
  bool favours_new;        // an average of the rule weighs the new value more than its past
  bool zeroes_grad;
  bool streams_copy;  // a copy of the param bypasses the caches, which a large step would fill
};

/// A range of one tensor. Absent operands have data == nullptr.
struct step_range {
  operand param;
  operand grad;
  operand slots[max_slots];  // row and column slots: see line_slots
  operand copy;              // of the param, in another type
  operand average;           // of the param over the steps, in the type of the arithmetic
  operand delta;             // the change of the param; the param is then only read. No copy and
                             // no average stand beside it; it may be the gradient's array
  /// What update will return for each element, from the pass before it: memory for the range's
  /// elements and 64 more, in the type of the arithmetic. Absent: it is computed again.
  void* directions;
  std::size_t slot_count;
  std::size_t count;
  std::uint64_t first_index;  // of the range in its tensor; a key of the random bits
  std::uint64_t random_key;   // of the tensor at this step

  // Both are 0 for a flat tensor. Otherwise the elements are row-major matrices, one after another.
  // Arrays with a pitch exist only then.
  std::size_t rows, columns;
  std::size_t offset;  // elements of the tensor's arrays before the range
  /// Bit s: slot s has a number for each row, or for each column. Its operand is the whole slot as
  /// later passes see it, in the type of the arithmetic.
  std::uint32_t line_slots;
};

/// What a rule computes its constants from.
struct prepare_request {
  const void* self;  // the rule_entry's
  const double* hyperparameters;
  std::uint64_t step;    // t
  bool has_fresh_slots;  // as in `arguments` (rules/rule.hpp)
  bool is_matrix;        // the tensor has rows and columns
  dtype param_type;
  const double* scalars;  // in the rule's order
  double* scalars_after;  // likewise, after the step; the function sets those that change
};

/// Where one pass over a range puts its sums. The range goes from the first to the last element of
/// some lines. Of a flat tensor it is one line, of a matrix its lines are rows, or parts of rows.
struct pass_sums {
  std::size_t line_count, line_length;
  std::size_t lines_apart;    // elements of the tensor from the start of a line to that of the next
  double* totals[max_sums];   // of sums over the tensor or over all: the range's are added
  double* rows[max_sums];     // of sums over rows: set, one for each line
  double* columns[max_sums];  // of sums over columns: the range's are added; one for each column
  std::size_t columns_apart;  // doubles from the column sums of one matrix to those of the next
};

/// The numbers of a row or column slot after a pass. All arrays are of one matrix.
struct line_request {
  const prepare_request& of;
  tensor_shape shape;
  std::size_t slot;
  std::size_t count;
  const void* old;  // in the type of the arithmetic
  double* values;   // in: the sums; out: the new values of the slot
  void* seen;       // out: what later passes get, in the type of the arithmetic
};

/// A pass that sums, and what follows it.
struct pass_kernel {
  void (*sum)(const prepared_step& prepared, const step_range& range, const pass_sums& sums);
  void (*finish_lines)(const line_request& request);
  /// totals: of the pass's sums over the tensor or over all, at their indices. false: the step
  /// stops.
  bool (*finish)(const prepare_request& of, const tensor_shape& shape, const double* totals,
                 prepared_step& prepared);
};

struct step_kernel {
  /// Fills prepared.coefficients and favours_new, and request.scalars_after.
  void (*prepare)(const prepare_request& request, prepared_step& prepared);
  void (*run)(const prepared_step& prepared, const step_range& range);
  const pass_kernel* passes;  // before `run`
};

}  // namespace gradstep::internal
