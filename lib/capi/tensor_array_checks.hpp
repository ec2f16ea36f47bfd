// SPDX-License-Identifier: Apache-2.0
//
// Validation of one tensor's arrays: not null, aligned, and apart from each other.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>

#include "capi/array_places.hpp"
#include "rules/rule.hpp"

namespace gradstep::internal {

/// How a message names a tensor and its fields: by the tensor's index in a list; as the argument
/// `tensor`, or `arrays` where `tensor` is an index; or, if the tensor's arrays are arguments of
/// the call, by the names of these arguments.
class tensor_label {
 public:
  explicit tensor_label(std::size_t index) : index_(index) {}
  static tensor_label of_argument() { return tensor_label(SIZE_MAX); }
  static tensor_label of_replacement() { return tensor_label(SIZE_MAX - 2); }
  static tensor_label of_arrays() { return tensor_label(SIZE_MAX - 1); }

  struct label_text {
    char text[40];
  };
  label_text text() const noexcept;

  struct field_text {
    char text[100];
  };
  /// "tensors[3].rows", or "rows"
  field_text of(const char* field) const noexcept;
  /// "tensors[3].param.dtype", or "param_dtype"
  field_text of(const char* array, const char* field) const noexcept;
  /// Within the tensor: "slots[1].data", or "slot1"
  field_text within(const char* field) const noexcept;

 private:
  bool is_of_arrays() const { return index_ == SIZE_MAX - 1; }

  std::size_t index_;
};

/// `size`: bytes of an element.
gradstep_status check_alignment(const char* name, const void* data, std::size_t size) noexcept;

/// INVALID_ARGUMENT for an array that is null or not aligned to an element. `name`: of the pointer,
/// as a field of the tensor.
gradstep_status check_pointer(tensor_label label, const char* name, const void* data,
                              std::size_t element_size) noexcept;

/// The most arrays that a tensor has: param, grad, copy, average, delta, lower halves, and slots,
/// which may have scales.
inline constexpr std::size_t most_arrays = 6 + 2 * max_slots;

/// The addresses of one tensor's arrays. add() finds out without a branch whether one may be null,
/// not aligned to its elements, or overlap an earlier one. Only then array_list looks for what it
/// is. Validation is serial and is much of the cost of a list of small tensors.
class array_spans {
 public:
  struct span {
    std::uintptr_t begin, end;
  };

  /// `room`: for most_arrays spans. It stands outside of this object, whose other fields then stay
  /// in registers: that saves 3 % of a step of sgd over tensors of 64 elements (Zen 4).
  explicit array_spans(span* room) : spans_(room) {}

  /// element_size: a power of two. length: in elements, those in gaps between rows included.
  void add(const void* data, std::size_t element_size, std::size_t length) {
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    const std::uintptr_t end = begin + length * element_size;
    int is_wrong =
        static_cast<int>(begin == 0) | static_cast<int>((begin & (element_size - 1)) != 0);
    for (std::size_t i = 0; i < size_; ++i) {
      // & instead of &&: no branch.
      is_wrong |= static_cast<int>(begin < spans_[i].end) & static_cast<int>(spans_[i].begin < end);
    }
    is_suspicious_ |= is_wrong;
    spans_[size_++] = {begin, end};
  }

  bool is_suspicious() const { return is_suspicious_ != 0; }

 private:
  span* spans_;
  std::size_t size_ = 0;
  int is_suspicious_ = 0;
};

/// The arrays of one tensor, to find what is wrong with them.
class array_list {
 public:
  /// counts_gaps: the gaps between an array's rows count as part of it.
  array_list(std::size_t columns, bool counts_gaps)
      : columns_(columns), counts_gaps_(counts_gaps) {}

  /// length and pitch: in elements.
  void add(const void* data, const char* name, std::size_t element_size, std::size_t length,
           std::size_t pitch);

  /// INVALID_ARGUMENT for the first array that is null, not aligned, or overlaps an earlier one.
  gradstep_status check(tensor_label label) const noexcept;

 private:
  struct array {
    const void* data;
    const char* name;
    std::size_t element_size;
    std::size_t length;
    array_place place;
  };
  gradstep_status check_overlap(tensor_label label, const array& a, const array& b) const noexcept;

  array arrays_[most_arrays];
  std::size_t size_ = 0;
  std::size_t columns_;
  bool counts_gaps_;
};

}  // namespace gradstep::internal
