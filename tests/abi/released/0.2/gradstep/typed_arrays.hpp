// Element types, arrays and tensors of them. Programs include gradstep.hpp.
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

/// An array without gaps. extra: see gradstep_array.
inline gradstep_array array_of(std::int32_t dtype, void* data, void* extra = nullptr) {
  gradstep_array array{};
  array.data = data;
  array.extra = extra;
  array.dtype = dtype;
  return array;
}
/// The same with the dtype of T. data = nullptr: there is no array.
template <class T>
gradstep_array array_of(T* data) {
  return array_of(dtype_of<T>(), data);
}

/// A flat tensor that has only these two arrays. grad may be nullptr for an optimizer, but not for
/// a stateless step.
template <class Param, class Grad>
gradstep_tensor tensor_of(Param* param, Grad* grad, std::size_t count) {
  auto tensor = sized<gradstep_tensor>();
  tensor.count = count;
  tensor.param = array_of(param);
  tensor.grad = array_of(grad);
  return tensor;
}

/// Row-major matrices of the same size, one after another.
struct shape {
  std::size_t rows;
  std::size_t columns;
  std::size_t matrices = 1;
};

/// The same with a shape: tensor_of(param, grad, {rows, columns}). Rules such as adafactor keep
/// state for the rows and columns of such a tensor.
template <class Param, class Grad>
gradstep_tensor tensor_of(Param* param, Grad* grad, const shape& shape) {
  auto tensor = tensor_of(param, grad, shape.matrices * shape.rows * shape.columns);
  tensor.rows = shape.rows;
  tensor.columns = shape.columns;
  return tensor;
}

/// Returns all elements, converted to double.
inline std::vector<double> read(const gradstep_array& array, std::size_t count) {
  std::vector<double> values(count);
  throw_on_failure(gradstep_array_read(&array, count, values.data()));
  return values;
}

/// Sets as many elements as there are values, rounded to nearest.
inline void write(const gradstep_array& array, const std::vector<double>& values) {
  throw_on_failure(gradstep_array_write(&array, values.size(), values.data()));
}

}  // namespace gradstep

#endif  // GRADSTEP_TYPED_ARRAYS_HPP
