// SPDX-License-Identifier: Apache-2.0
//
// The caller's tensors as operands.
#pragma once

#include <gradstep/gradstep.h>

#include "capi/structs.hpp"
#include "step/tensor_list.hpp"

namespace gradstep::internal {

/// The type that a tensor with a param of this GRADSTEP_ dtype is computed in.
inline dtype computed_type(std::int32_t param_dtype) {
  return computed_type(static_cast<dtype>(param_dtype));
}

/// The distance between rows as operands have it: 0 without gaps.
inline std::size_t pitch_of(const gradstep_array& a, std::uint64_t columns) {
  return static_cast<std::uint64_t>(a.pitch) == columns ? 0 : static_cast<std::size_t>(a.pitch);
}

/// Whether the step replaces the gradient by the change of the param: `delta` is the same array.
inline bool is_in_place(const gradstep_tensor& t) {
  return t.delta.data != nullptr && t.delta.data == t.grad.data && t.delta.dtype == t.grad.dtype &&
         pitch_of(t.delta, t.columns) == pitch_of(t.grad, t.columns);
}

/// The arrays of a caller's tensor as operands; tensor_arrays is the same for our own. Nothing is
/// checked. slot(s) needs `slots`. HasShape: the tensor has rows and columns. A template argument,
/// so that validation asks once per tensor instead of once per array.
template <bool HasShape>
class given_arrays {
 public:
  explicit given_arrays(const gradstep_tensor& given) : given_(given) {}

  std::size_t length(const operand& o) const {
    if constexpr (!HasShape) return given_.count;
    return elements_with_gaps(given_.count, given_.columns, o.pitch);
  }
  std::size_t slot_length(const internal::slot& info, const operand& o) const {
    if (info.extent == slot_extent::element) return length(o);
    return slot_elements(info.extent, {given_.count, given_.rows, given_.columns});
  }
  operand param() const { return operand_of(given_.param); }
  operand grad() const { return operand_of(given_.grad); }
  operand slot(std::size_t s) const { return operand_of(given_.slots[s]); }
  operand copy() const { return operand_of(given_.copy); }
  operand average() const { return operand_of(given_.average); }
  operand delta() const { return operand_of(given_.delta); }
  /// Absent if it is the gradient's array.
  operand delta_beside_grad() const { return is_in_place(given_) ? operand{} : delta(); }

 private:
  operand operand_of(const gradstep_array& a) const {
    return {a.data, a.extra, static_cast<dtype>(a.dtype),
            false,  false,   HasShape ? pitch_of(a, given_.columns) : 0};
  }

  const gradstep_tensor& given_;
};

/// Translates a valid tensor with the slots whose bits are set; they need given.slots. Of an absent
/// copy, average or delta, data alone is set. random_key and all other slots stay as they are.
void read_tensor(const gradstep_tensor& given, std::uint32_t slots, tensor& into);

/// For an empty tensor, whose pointers may have any value. But whether params have lower halves is
/// part of what the optimizer knows about a tensor.
void forget_extras(tensor& t);

/// Reads a list's elements, whose struct_size is `size`, as gradstep_tensor.
const element_reader& reader_of_given_tensors(std::size_t size);

/// The caller's list. All its structs have the first one's struct_size, which may be smaller than
/// ours, or larger.
class given_list {
 public:
  given_list(const gradstep_tensor* first, std::size_t count)
      : first_(reinterpret_cast<const unsigned char*>(first)),
        stride_(count == 0 ? 0 : size_of_given(first)),
        count_(count) {}

  std::size_t size() const { return count_; }
  /// The caller's struct, which may have fewer fields than ours.
  const gradstep_tensor* given(std::size_t i) const {
    return reinterpret_cast<const gradstep_tensor*>(first_ + i * stride_);
  }
  /// The tensor with all of our fields; in `room` if the caller's struct has fewer.
  const gradstep_tensor& at(std::size_t i, gradstep_tensor& room) const {
    return with_our_fields(given(i), stride_, room);
  }
  tensor_list tensors() const {
    return {first_, stride_, count_, reader_of_given_tensors(stride_)};
  }

 private:
  const unsigned char* first_;
  std::size_t stride_;
  std::size_t count_;
};

}  // namespace gradstep::internal
