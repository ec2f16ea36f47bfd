// Element types and arrays. Programs include gradstep.hpp.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef GRADSTEP_TYPED_ARRAYS_HPP
#define GRADSTEP_TYPED_ARRAYS_HPP

#include <gradstep/gradstep.h>
#include <gradstep/c_calls.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gradstep {

/// Element types for arrays of 16-bit floats. An object holds the bits of one element.
struct bfloat16 {
  std::uint16_t bits;
};
struct float16 {
  std::uint16_t bits;
};

/// The dtype of arrays of T. If your program has its own 16-bit type with the same bits, specialise
/// this function for it:
///
///     template <>
///     constexpr std::int32_t gradstep::dtype_of<my_bfloat16>() {
///       return GRADSTEP_BFLOAT16;
///     }
template <class T>
constexpr std::int32_t dtype_of() {
  static_assert(sizeof(T) == 0, "gradstep has no dtype for arrays of this type");
  return 0;
}
template <>
constexpr std::int32_t dtype_of<float>() {
  return GRADSTEP_FLOAT32;
}
template <>
constexpr std::int32_t dtype_of<double>() {
  return GRADSTEP_FLOAT64;
}
template <>
constexpr std::int32_t dtype_of<bfloat16>() {
  return GRADSTEP_BFLOAT16;
}
template <>
constexpr std::int32_t dtype_of<float16>() {
  return GRADSTEP_FLOAT16;
}

/// Describes an array for the functions read and write below. extra: see gradstep_array.
inline gradstep_array array_of(std::int32_t dtype, void* data, std::size_t count,
                               void* extra = nullptr) {
  auto array = sized<gradstep_array>();
  array.count = count;
  array.data = data;
  array.extra = extra;
  array.dtype = dtype;
  return array;
}

/// Returns all elements, converted to double.
inline std::vector<double> read(const gradstep_array& array) {
  std::vector<double> values(array.count);
  throw_on_failure(gradstep_array_read(&array, values.data()));
  return values;
}

/// Sets all elements, rounded to nearest. Throws unless there is one value per element.
inline void write(const gradstep_array& array, const std::vector<double>& values) {
  if (values.size() != array.count) {
    throw error(GRADSTEP_INVALID_ARGUMENT, "gradstep::write: not as many values as elements");
  }
  throw_on_failure(gradstep_array_write(&array, values.data()));
}

}  // namespace gradstep

#endif  // GRADSTEP_TYPED_ARRAYS_HPP
