// SPDX-License-Identifier: Apache-2.0
//
// The caller's tensors as operands.
#pragma once

#include <gradstep/gradstep.h>

#include "rules/rule.hpp"
#include "step/tensor_list.hpp"

namespace gradstep::internal {

/// The type that a tensor with a param of this GRADSTEP_ dtype is computed in.
inline dtype computed_type(std::int32_t param_dtype) {
  return computed_type(static_cast<dtype>(param_dtype));
}

/// The arrays of a caller's tensor as operands. Nothing is checked. slot(s): `slots` is not null.
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

inline dtype slot_type(const gradstep_tensor& given, std::size_t slot) {
  return given_arrays(given).slot_type(slot);
}

/// The rule's slots whose pointers are not null, as bits.
inline std::uint32_t given_slots(const rule_info& rule, const gradstep_tensor& given) {
  std::uint32_t slots = 0;
  if (given.slots == nullptr || given.slot_count != rule.slot_count) return slots;
  for (std::size_t s = 0; s < given.slot_count; ++s) {
    if (given.slots[s] != nullptr) slots |= 1U << s;
  }
  return slots;
}

/// Translates a valid tensor, whose count is not 0. Slots are absent where `slots` is null. Of an
/// absent array that is no slot, data alone is set; random_key and the slots from slot_count on
/// stay as they are.
void read_tensor(const gradstep_tensor& given, tensor& into);

/// Reads a list's elements as gradstep_tensor.
extern const element_reader reader_of_given_tensors;

/// The caller's list, whose structs may be larger than ours; each has the first one's struct_size.
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
