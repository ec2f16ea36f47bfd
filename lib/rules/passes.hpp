// SPDX-License-Identifier: Apache-2.0
//
// What a rule of several passes declares. A pass reads a tensor and adds up products. Between two
// passes `finish` turns the sums into constants, in double. The last pass is the rule's `update`,
// the only one that stores. docs/adding-a-rule.md shows a rule of two passes, and one with rows and
// columns.
//
//     static constexpr pass_list passes(form);             the passes before the last one
//     template <form F, std::size_t Pass, class T, class V>
//     static void sum(const coefficients<T>& c, V p, V g, V slot..., sum_term<V>* terms);
//         sets one term per sum of the pass: the sum is over terms[k].a terms[k].b
//     static constexpr form summing_form(form);            optional
//         a form whose sums are the same: both are compiled once
//     template <form F, std::size_t Pass, class T, class H, class Real>
//     static bool finish(const H& h, const tensor_shape& shape, const Real* totals,
//                        coefficients<T>& c);
//         gets the totals of the sums over the tensor, or over all tensors; false: the step stops
//         before anything is stored
//
//     static constexpr std::size_t direction_term = k;     optional
//         terms[k].a of the pass before the last is what update returns. A small tensor's update
//         then reads it instead of computing it again.
//
// A row slot has one number per row, a column slot one per column. It is made from a sum of a pass:
//     template <form F, std::size_t Slot, class H>
//     static auto next_line(const H& h, const tensor_shape& shape);
//         a function of (the old value, the sum over the row or column): the slot's new value
//     template <form F, std::size_t Slot, class H, class Real>
//     static Real seen_line(const H& h, Real value, Real mean);
//         what later passes get in place of the slot; mean: of the matrix's new values
#pragma once

#include <cstddef>
#include <cstdint>

namespace gradstep::internal {

// ---- Sums -------------------------------------------------------------------------------------

/// What one sum runs over. all: every tensor that takes part under the rule.
enum class sum_extent { row, column, tensor, all };

inline constexpr std::size_t max_sums = 3;    // of a pass
inline constexpr std::size_t max_passes = 3;  // of a rule, the last one not counted

struct pass_info {
  std::size_t sum_count;
  sum_extent extents[max_sums];
};

struct pass_list {
  std::size_t count;
  pass_info passes[max_passes];
};

/// The shape of a whole tensor: flat (rows = columns = 0), or row-major matrices one after another.
struct tensor_shape {
  std::uint64_t count;
  std::uint64_t rows, columns;

  constexpr bool is_matrix() const { return columns != 0; }
  constexpr std::uint64_t matrices() const { return is_matrix() ? count / (rows * columns) : 0; }
};

namespace {

/// One term of a sum: a b.
template <class V>
struct sum_term {
  V a, b;
};

}  // namespace

// ---- Slots and scalars ------------------------------------------------------------------------

/// What a slot has a number for.
enum class slot_extent : std::int32_t { element = 0, row = 1, column = 2, matrix = 3, tensor = 4 };

/// What a slot is before the first step: one value everywhere, or a copy of the param.
enum class slot_start : std::int32_t { value = 0, param = 1 };

/// The numbers in a slot of the extent. A flat tensor has no rows, columns or matrices.
constexpr std::uint64_t slot_elements(slot_extent extent, const tensor_shape& shape) {
  if (shape.count == 0) return 0;
  switch (extent) {
    case slot_extent::element:
      return shape.count;
    case slot_extent::row:
      return shape.matrices() * shape.rows;
    case slot_extent::column:
      return shape.matrices() * shape.columns;
    case slot_extent::matrix:
      return shape.matrices();
    case slot_extent::tensor:
      return 1;
  }
  __builtin_unreachable();
}

/// Whose state a scalar is. all: of all tensors together that are stepped by the rule.
enum class scalar_scope : std::int32_t { tensor = 0, all = 1 };

/// A number of the rule's state, kept in double.
struct scalar {
  const char* name;
  const char* help;
  double initial_value;
  const char* initial_hyperparameter;  // null: initial_value
  scalar_scope scope;
};

inline constexpr std::size_t max_scalars = 4;  // of a rule

/// A named change of the param that is no step: a rule of its own, whose steps have no gradient.
/// It is allowed in one state of the rule's mode, a scalar, and leaves another.
struct transform {
  const char* name;
  const char* help;
  double mode_before, mode_after;
};

}  // namespace gradstep::internal
