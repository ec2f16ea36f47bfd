// Eigen's dense matrices, arrays and vectors as gradstep's arrays and tensors. Needs Eigen 3.3.
//
// SPDX-License-Identifier: Apache-2.0
//
//     Eigen::MatrixXf weights = ..., weights_grad = ...;
//     optimizer.add_tensor(group, "weights", gradstep::eigen_tensor(weights, weights_grad));
//
// docs/eigen.md has more examples. Nothing is copied: the tensors point to Eigen's own memory. So
// the Eigen objects must outlive every use of the tensor and must not be resized or moved from.
//
// Accepted are Matrix and Array, Map, Ref, Block and every other expression with memory of its own.
// It must be writable, and along its inner dimension the elements follow each other. Their type is
// float, double, Eigen::bfloat16, Eigen::half, or any other for which gradstep::dtype_of is
// specialised. All else does not compile. What is known only at run time throws gradstep::error.
#ifndef GRADSTEP_ADAPTERS_EIGEN_HPP
#define GRADSTEP_ADAPTERS_EIGEN_HPP

#include <gradstep/gradstep.hpp>

#include <Eigen/Core>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

namespace gradstep {

template <>
constexpr std::int32_t dtype_of<Eigen::half>() {
  return GRADSTEP_FLOAT16;
}
#if EIGEN_VERSION_AT_LEAST(3, 4, 0)
template <>
constexpr std::int32_t dtype_of<Eigen::bfloat16>() {
  return GRADSTEP_BFLOAT16;
}
#endif

namespace detail {

template <class T>
using eigen_type = std::remove_cv_t<std::remove_reference_t<T>>;

// VectorBlock derives from the DenseBase of another type, so std::is_base_of does not do.
template <class Derived>
std::true_type has_dense_base(const Eigen::DenseBase<Derived>*);
std::false_type has_dense_base(const void*);
template <class T>
inline constexpr bool is_dense =
    decltype(has_dense_base(static_cast<const eigen_type<T>*>(nullptr)))::value;

/// Fails to compile unless T, as deduced for a T&& argument, is a writable view of memory.
template <class T>
constexpr void check_eigen_type() {
  using type = eigen_type<T>;
  static_assert(is_dense<T>,
                "gradstep takes dense objects of Eigen: matrices, arrays, and views of them");
  if constexpr (is_dense<T>) {
    constexpr bool has_memory =
        (Eigen::internal::traits<type>::Flags & Eigen::DirectAccessBit) != 0;
    static_assert(has_memory,
                  "this expression of Eigen has no memory of its own: evaluate it into a matrix");
    static_assert(
        std::is_lvalue_reference_v<T> || !std::is_base_of_v<Eigen::PlainObjectBase<type>, type>,
        "this matrix is a temporary: gradstep would keep a pointer to freed memory");
    if constexpr (has_memory) {
      using element = std::remove_pointer_t<decltype(std::declval<T&>().data())>;
      static_assert(!std::is_const_v<element>,
                    "this object of Eigen is const; gradstep writes params, and gradients with "
                    "GRADSTEP_APPLY_ZERO_GRAD");
      static_assert(
          type::InnerStrideAtCompileTime == 1 || type::InnerStrideAtCompileTime == Eigen::Dynamic,
          "the elements of this object of Eigen do not follow each other (its inner stride is "
          "not 1): copy it");
    }
  }
}

[[noreturn]] inline void refuse_eigen(const std::string& sentence) {
  throw error(GRADSTEP_INVALID_ARGUMENT, sentence.c_str());
}

template <class T>
std::string eigen_size(const T& object) {
  return std::to_string(object.rows()) + " x " + std::to_string(object.cols());
}

}  // namespace detail

/// The array of an object of Eigen, for a field of gradstep_tensor such as `copy`, `average` or
/// `delta` beside a param of the same size and storage order. Its pitch is the outer stride, or 0
/// for vectors and where there are no gaps.
///
/// Throws gradstep::error if the inner stride is not 1, or if rows (columns, in column-major order)
/// overlap each other.
template <class T>
gradstep_array eigen_array(T&& object) {
  detail::check_eigen_type<T>();
  using type = detail::eigen_type<T>;
  gradstep_array array = array_of(object.data());
  if (object.size() > 1 && object.innerSize() > 1 && object.innerStride() != 1) {
    detail::refuse_eigen("the inner stride of an object of Eigen is " +
                         std::to_string(object.innerStride()) + "; it must be 1: copy the object");
  }
  if constexpr (!type::IsVectorAtCompileTime) {
    if (object.outerSize() > 1 && object.outerStride() < object.innerSize()) {
      detail::refuse_eigen("the outer stride of an object of Eigen is " +
                           std::to_string(object.outerStride()) + "; it is at least the " +
                           std::to_string(object.innerSize()) + " elements of its inner dimension");
    }
    if (object.outerSize() > 1 && object.outerStride() != object.innerSize()) {
      array.pitch = object.outerStride();
    }
  }
  return array;
}

/// The tensor of a param alone. It is for an optimizer, which gets the gradient by set_grad; that
/// gradient has the param's element type and no gaps.
///
/// Shape. gradstep's matrices are row-major. So the tensor of a row-major object of R x C has R
/// rows and C columns, and that of a column-major object, which is Eigen's default, has C rows and
/// R columns: the transposed matrix, at the same addresses. A vector is a flat tensor. Only rules
/// with state for rows and columns (adafactor) depend on the shape.
template <class Param>
gradstep_tensor eigen_tensor(Param&& param) {
  using type = detail::eigen_type<Param>;
  auto tensor = sized<gradstep_tensor>();
  tensor.param = eigen_array(std::forward<Param>(param));
  tensor.grad = array_of(tensor.param.dtype, nullptr);
  tensor.count = static_cast<std::uint64_t>(param.size());
  if (!type::IsVectorAtCompileTime && param.size() > 0) {
    tensor.rows = static_cast<std::uint64_t>(param.outerSize());
    tensor.columns = static_cast<std::uint64_t>(param.innerSize());
  }
  return tensor;
}

/// The tensor of a param and its gradient, which have the same size and the same storage order, and
/// may have different element types and strides.
///
/// Throws gradstep::error as eigen_array does, and for different sizes.
template <class Param, class Grad>
gradstep_tensor eigen_tensor(Param&& param, Grad&& grad) {
  using param_type = detail::eigen_type<Param>;
  using grad_type = detail::eigen_type<Grad>;
  detail::check_eigen_type<Param>();
  detail::check_eigen_type<Grad>();
  static_assert(bool(param_type::IsVectorAtCompileTime) == bool(grad_type::IsVectorAtCompileTime),
                "param and grad are both vectors for Eigen's compiler types, or both matrices");
  static_assert(param_type::IsVectorAtCompileTime ||
                    bool(param_type::IsRowMajor) == bool(grad_type::IsRowMajor),
                "param and grad have the same storage order: both row-major, or both column-major");
  if (param.rows() != grad.rows() || param.cols() != grad.cols()) {
    detail::refuse_eigen("grad is " + detail::eigen_size(grad) + " and param is " +
                         detail::eigen_size(param) + "; they must have the same size");
  }
  gradstep_tensor tensor = eigen_tensor(std::forward<Param>(param));
  tensor.grad = eigen_array(std::forward<Grad>(grad));
  return tensor;
}

}  // namespace gradstep

#endif  // GRADSTEP_ADAPTERS_EIGEN_HPP
