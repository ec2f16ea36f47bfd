// SPDX-License-Identifier: Apache-2.0
//
// The caller's tensors as operands.
#pragma once

#include <gradstep/gradstep.h>

#include "step/tensor_list.hpp"

namespace gradstep::internal {

/// The type that a tensor with a param of this GRADSTEP_ dtype is computed in.
inline dtype computed_type(std::int32_t param_dtype) {
  return computed_type(static_cast<dtype>(param_dtype));
}

/// The arrays of a caller's tensor as operands; tensor_arrays is the same for our own. Nothing is
/// checked. slot(s) needs `slots`.
class given_arrays {
 public:
  explicit given_arrays(const gradstep_tensor& given) : given_(given) {}

  std::size_t count() const { return given_.count; }
  operand param() const {
    return {given_.param, given_.param_low, static_cast<dtype>(given_.param_dtype), false};
  }
  operand grad() const {
    return {given_.grad, nullptr, static_cast<dtype>(given_.grad_dtype), false};
  }
  dtype slot_type(std::size_t s) const {
    if (given_.slot_dtypes == nullptr) return computed_type(given_.param_dtype);
    return static_cast<dtype>(given_.slot_dtypes[s]);
  }
  operand slot(std::size_t s) const {
    const dtype type = slot_type(s);
    const bool has_scales = has_blocks(type) && given_.slot_scales != nullptr;
    return {given_.slots[s], has_scales ? given_.slot_scales[s] : nullptr, type, false};
  }
  operand copy() const {
    return {given_.param_copy, nullptr, static_cast<dtype>(given_.copy_dtype), false};
  }
  operand average() const {
    return {given_.average, nullptr, computed_type(given_.param_dtype), false};
  }

 private:
  const gradstep_tensor& given_;
};

/// Translates a valid tensor with the slots whose bits are set; they need given.slots. Of an absent
/// copy or average, data alone is set. random_key and all other slots stay as they are.
void read_tensor(const gradstep_tensor& given, std::uint32_t slots, tensor& into);

/// Reads a list's elements as gradstep_tensor.
extern const element_reader reader_of_given_tensors;

/// The caller's list. Its structs may be larger than ours; all have the first one's struct_size.
class given_list {
 public:
  given_list(const gradstep_tensor* first, std::size_t count)
      : first_(reinterpret_cast<const unsigned char*>(first)),
        stride_(count == 0 ? 0 : first->struct_size),
        count_(count) {}

  std::size_t size() const { return count_; }
  const gradstep_tensor& operator[](std::size_t i) const {
    return *reinterpret_cast<const gradstep_tensor*>(first_ + i * stride_);
  }
  tensor_list tensors() const { return {first_, stride_, count_, reader_of_given_tensors}; }

 private:
  const unsigned char* first_;
  std::size_t stride_;
  std::size_t count_;
};

}  // namespace gradstep::internal
