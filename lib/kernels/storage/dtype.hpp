// SPDX-License-Identifier: Apache-2.0
//
// The dtypes of arrays. To add one: an enumerator and a row of the table here, a case in
// strip_load.hpp, a case in strip_store.hpp, and a constant in gradstep.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

namespace gradstep::internal {

/// The positive values are those of the C interface.
enum class dtype : std::int32_t {
  float32 = 1,
  float64 = 2,
  bfloat16 = 3,
  float16 = 4,
  signed8 = 5,    // 8-bit floats in blocks with one scale each: 4 bits of exponent, 3 of mantissa
  unsigned8 = 6,  // the same without a sign, with 5 bits of exponent
  // Forms that only loads and stores distinguish (prepared_operand.hpp): no rows of the table.
  split = -1,           // bfloat16 with the lower halves that make it float32
  not_a_number = 1000,  // a block of an 8-bit dtype whose scale is NaN, which makes all of it NaN
};

/// What stands beside the elements of an array.
enum class extra_kind : std::uint8_t {
  none,
  scales,       // one float32 per block, always
  lower_halves  // 16 bits per element that make each an exact float32, if the user wants them
};

/// Where arrays of a dtype may stand, as bits.
enum dtype_role : unsigned {
  param_role = 1,             // params and gradients
  copy_role = 2,              // copies of params
  slot_role = 4,              // slots, unless the param is float64
  non_negative_slot_role = 8  // the same for slots that are never negative
};

struct dtype_traits {
  dtype type;
  const char* constant;     // in gradstep.h
  const char* name;         // in a checkpoint's state
  const char* safetensors;  // the file format's name for the elements
  std::size_t size;         // bytes of an element
  extra_kind extra;
  unsigned roles;
};

// In an unnamed namespace, like everything that each instruction set compiles again.
namespace {

constexpr dtype_traits dtype_table[] = {
    {dtype::float32, "GRADSTEP_FLOAT32", "float32", "F32", 4, extra_kind::none,
     param_role | copy_role | slot_role},
    {dtype::float64, "GRADSTEP_FLOAT64", "float64", "F64", 8, extra_kind::none, param_role},
    {dtype::bfloat16, "GRADSTEP_BFLOAT16", "bfloat16", "BF16", 2, extra_kind::lower_halves,
     param_role | copy_role | slot_role},
    {dtype::float16, "GRADSTEP_FLOAT16", "float16", "F16", 2, extra_kind::none,
     param_role | copy_role | slot_role},
    {dtype::signed8, "GRADSTEP_S1E4M3_B256", "signed8", "U8", 1, extra_kind::scales, slot_role},
    {dtype::unsigned8, "GRADSTEP_E5M3_B256", "unsigned8", "U8", 1, extra_kind::scales,
     non_negative_slot_role},
};

// Columns as constants, so that the folds below become comparisons with literals: loops over strips
// ask for sizes and blocks, and their code must not read a table.
template <std::size_t Row>
constexpr dtype type_in = dtype_table[Row].type;
template <std::size_t Row>
constexpr std::size_t size_in = dtype_table[Row].size;
template <std::size_t Row>
constexpr bool has_scales_in = dtype_table[Row].extra == extra_kind::scales;

template <std::size_t... Row>
constexpr std::size_t size_of(dtype type, std::index_sequence<Row...>) {
  std::size_t size = 0;
  static_cast<void>(((type == type_in<Row> && (size = size_in<Row>, true)) || ...));
  return size;
}
template <std::size_t... Row>
constexpr bool has_blocks(dtype type, std::index_sequence<Row...>) {
  return ((has_scales_in<Row> && type == type_in<Row>) || ...);
}
using dtype_rows = std::make_index_sequence<std::size(dtype_table)>;

/// Bytes of an element; 0 for a value that is no dtype.
constexpr std::size_t size_of(dtype type) { return size_of(type, dtype_rows()); }

/// Whether blocks of elements share a scale: the 8-bit dtypes. False for a value that is no dtype.
constexpr bool has_blocks(dtype type) { return has_blocks(type, dtype_rows()); }

/// The row of a dtype.
constexpr const dtype_traits& traits_of(dtype type) {
  for (const dtype_traits& row : dtype_table) {
    if (row.type == type) return row;
  }
  __builtin_unreachable();
}

/// The dtype of arrays that need no conversion for arithmetic in T.
template <class T>
constexpr dtype native = sizeof(T) == sizeof(double) ? dtype::float64 : dtype::float32;

}  // namespace
}  // namespace gradstep::internal
