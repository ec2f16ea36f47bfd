// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gradstep/gradstep.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "support/dtype_lists.hpp"
#include "support/number_array.hpp"
#include "support/rule_setup.hpp"
#include "support/stored_parameter.hpp"

namespace gradstep_test {

/// Another home for the elements of a parameter that has rows and columns: arrays with gaps between
/// rows, a different gap for each array. 8-bit arrays stay where they are, and so do slots that
/// have not one number per element. The parameter must outlive this object.
class gapped_parameter {
 public:
  gapped_parameter(const std::string& rule_name, stored_parameter& target) : target_(&target) {
    add(target.param);
    add(target.grad);
    for (std::size_t s = 0; s < target.slots.size(); ++s) {
      auto& slot = target.slots[s];
      if (!slot || is_blocked(slot->dtype())) continue;
      if (describe_slot(rule_name, s).extent == GRADSTEP_EXTENT_ELEMENT) add(*slot);
    }
    if (target.copy) add(*target.copy);
    if (target.average) add(*target.average);
    if (target.delta) add(*target.delta);
    copy_in();
  }

  /// The parameter's elements into the arrays with gaps.
  void copy_in() {
    for (auto& each : arrays_) each.copy(columns(), true);
  }
  /// And back.
  void copy_out() {
    for (auto& each : arrays_) each.copy(columns(), false);
  }
  bool gaps_are_untouched() const {
    return std::all_of(arrays_.begin(), arrays_.end(),
                       [&](const auto& each) { return each.gaps_are_untouched(columns()); });
  }

  /// The parameter's view, in the arrays with gaps.
  stored_view view() {
    stored_view v = target_->view();
    gradstep_tensor& t = v.tensor;
    for (auto* array : {&t.param, &t.grad, &t.copy, &t.average, &t.delta}) move(*array);
    for (auto& slot : v.slots) move(slot);
    return v;
  }

 private:
  static constexpr std::byte gap{0xC3};

  struct gapped_array {
    number_array* home;
    std::vector<std::byte> memory;
    std::size_t pitch;

    std::size_t bytes() const { return element_size(home->dtype()); }
    std::byte* row(std::size_t r) { return memory.data() + r * pitch * bytes(); }

    void copy(std::size_t columns, bool is_in) {
      for (std::size_t r = 0; r * columns < home->size(); ++r) {
        void* const at = home->data(r * columns);
        if (is_in) {
          std::memcpy(row(r), at, columns * bytes());
        } else {
          std::memcpy(at, row(r), columns * bytes());
        }
      }
    }
    bool gaps_are_untouched(std::size_t columns) const {
      for (std::size_t i = 0; i < memory.size(); ++i) {
        if (i / bytes() % pitch >= columns && memory[i] != gap) return false;
      }
      return true;
    }
  };

  std::size_t columns() const { return target_->shape.columns; }

  void add(stored_array& array) {
    const std::size_t pitch = columns() + 1 + arrays_.size() % 5;
    add(array.data, pitch);
    if (array.extra) add(*array.extra, pitch);  // lower halves
  }
  void add(number_array& numbers, std::size_t pitch) {
    const std::size_t rows = numbers.size() / columns();
    const std::size_t elements = (rows - 1) * pitch + columns();
    arrays_.push_back(
        {&numbers, std::vector<std::byte>(elements * element_size(numbers.dtype()), gap), pitch});
  }

  void move(gradstep_array& array) {
    array.extra = place_of(array.extra, array);
    array.data = place_of(array.data, array);
  }
  void* place_of(void* at, gradstep_array& array) {
    for (auto& each : arrays_) {
      if (at == nullptr || each.home->data() != at) continue;
      array.pitch = static_cast<std::int64_t>(each.pitch);
      return each.memory.data();
    }
    return at;
  }

  stored_parameter* target_;
  std::vector<gapped_array> arrays_;
};

}  // namespace gradstep_test
