// SPDX-License-Identifier: Apache-2.0
//
// A list of tensors, validated, as one index space.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "step/tensor.hpp"

namespace gradstep::internal {

/// How to read an element of a list, whatever struct it is. Walking a list needs no call; reading a
/// tensor needs one.
struct element_reader {
  std::size_t count_offset;       // bytes to the element's count, a std::size_t
  std::size_t param_type_offset;  // bytes to the dtype of its param, an int32_t

  /// Reads a tensor, whose count is not 0, with the slots whose bits are set. Of an absent array,
  /// data alone may be set. random_key and all other slots stay as they are.
  void (*read)(const void* element, std::uint32_t slots, tensor& into);

  /// Reads the gradient alone. In a list whose norm is wanted, only shapes and gradients are valid.
  operand (*gradient)(const void* element);

  tensor_shape (*shape)(const void* element);
};

/// An array of structs that one reader can read, or a selection of its elements. The array belongs
/// to somebody else.
class tensor_list {
 public:
  tensor_list(const void* first, std::size_t stride, std::size_t count,
              const element_reader& reader)
      : first_(static_cast<const unsigned char*>(first)),
        stride_(stride),
        count_(count),
        reader_(&reader) {}

  /// The elements with the indices in `order`, in that order.
  tensor_list(const void* first, std::size_t stride, std::span<const std::uint32_t> order,
              const element_reader& reader)
      : tensor_list(first, stride, order.size(), reader) {
    order_ = order.data();
  }

  /// The same for the library's own tensors.
  tensor_list(const tensor* first, std::span<const std::uint32_t> order);

  std::size_t size() const { return count_; }
  std::size_t count(std::size_t i) const {
    return *reinterpret_cast<const std::size_t*>(element(i) + reader_->count_offset);
  }
  dtype computed_type(std::size_t i) const {
    std::int32_t type;
    std::memcpy(&type, element(i) + reader_->param_type_offset, sizeof type);
    return internal::computed_type(static_cast<dtype>(type));
  }
  void read(std::size_t i, std::uint32_t slots, tensor& into) const {
    reader_->read(element(i), slots, into);
  }
  operand gradient(std::size_t i) const { return reader_->gradient(element(i)); }
  tensor_shape shape(std::size_t i) const { return reader_->shape(element(i)); }

  /// The place of the i-th tensor in the array that the list selects from.
  std::size_t index_in_array(std::size_t i) const { return order_ == nullptr ? i : order_[i]; }

 private:
  const unsigned char* element(std::size_t i) const { return first_ + index_in_array(i) * stride_; }

  const unsigned char* first_;
  std::size_t stride_;
  std::size_t count_;
  const element_reader* reader_;
  const std::uint32_t* order_ = nullptr;
};

/// Walks forward through a list's tensors in units of UnitElements elements. A tensor's final
/// partial unit counts as one: ceil(count / UnitElements). A thread that claims ascending units
/// passes each tensor once, so no table of offsets has to be allocated.
template <std::size_t UnitElements = 1>
class list_position {
 public:
  explicit list_position(const tensor_list& tensors) : tensors_(&tensors) {}

  /// Moves to the tensor that holds a unit, numbered over the whole list. The number never goes
  /// down, and is below the list's number of units.
  void advance_to(std::size_t unit) {
    while (unit - first_ >= count()) next();
  }
  void next() {
    first_ += count();
    ++tensor_;
  }

  std::size_t tensor() const { return tensor_; }
  /// The units of the tensor, and the number of the first.
  std::size_t count() const { return units_of(tensors_->count(tensor_)); }
  std::size_t first() const { return first_; }

  static std::size_t units_of(std::size_t elements) {
    return elements / UnitElements + (elements % UnitElements != 0);
  }

 private:
  const tensor_list* tensors_;
  std::size_t tensor_ = 0;
  std::size_t first_ = 0;
};

}  // namespace gradstep::internal
