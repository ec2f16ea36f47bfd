// SPDX-License-Identifier: Apache-2.0
//
// A list of tensors, validated, as one index space.
#pragma once

#include <gradstep/gradstep.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace gradstep::internal {

/// An array of structs, or a selection of its elements. A caller's may be larger than ours.
class tensor_list {
 public:
  tensor_list(const gradstep_tensor* first, std::size_t count)
      : first_(reinterpret_cast<const unsigned char*>(first)),
        stride_(count == 0 ? 0 : first->struct_size),
        count_(count) {}
  /// Of our own array, the elements with these indices, in their order.
  tensor_list(const gradstep_tensor* first, std::span<const std::uint32_t> order)
      : first_(reinterpret_cast<const unsigned char*>(first)),
        stride_(sizeof(gradstep_tensor)),
        count_(order.size()),
        order_(order.data()) {}

  std::size_t size() const { return count_; }
  const gradstep_tensor& operator[](std::size_t i) const {
    const std::size_t at = order_ == nullptr ? i : order_[i];
    return *reinterpret_cast<const gradstep_tensor*>(first_ + at * stride_);
  }

 private:
  const unsigned char* first_;
  std::size_t stride_;
  std::size_t count_;
  const std::uint32_t* order_ = nullptr;
};

/// Walks forward through the tensors, so that a thread that claims ascending pieces looks at each
/// tensor once and no table of offsets has to be allocated.
class list_position {
 public:
  explicit list_position(const tensor_list& tensors) : tensors_(&tensors) {}

  /// Moves to the tensor that holds an index, which is below the total and never goes down.
  void advance_to(std::size_t index) {
    while (index - first_index_ >= count()) next();
  }
  void next() {
    first_index_ += count();
    ++tensor_;
  }
  std::size_t tensor() const { return tensor_; }
  std::size_t count() const { return (*tensors_)[tensor_].count; }
  std::size_t first_index() const { return first_index_; }

 private:
  const tensor_list* tensors_;
  std::size_t tensor_ = 0;
  std::size_t first_index_ = 0;  // of the tensor, in the list's index space
};

}  // namespace gradstep::internal
