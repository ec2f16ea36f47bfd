// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "capi/error.hpp"
#include "capi/tensor_reading.hpp"
#include "kernels/storage/operand.hpp"

namespace gradstep::internal {

/// That no two entries have one param, which two threads would write at once. Mostly params ascend
/// or descend in memory, and then none overlap: that costs nothing. Else few params are compared
/// with each other, and of many those that are equal are found, in parts of the list.
class listed_params {
 public:
  void add(const gradstep_tensor& t) {
    const auto [begin, end] = place_of(t);
    if (begin == end) return;
    is_unclear_ |= static_cast<int>(begin < high_) & static_cast<int>(low_ < end);
    low_ = std::min(low_, begin);
    high_ = std::max(high_, end);
  }

  gradstep_status check(const given_list& list) const {
    if (is_unclear_ == 0) return GRADSTEP_OK;
    if (list.size() <= few) return compare_all(list);
    for (std::size_t begin = 0; begin < list.size(); begin += part) {
      const auto end = std::min(begin + part, list.size());
      if (const auto s = find_equal(list, begin, end); s != GRADSTEP_OK) return s;
    }
    return GRADSTEP_OK;
  }

 private:
  static constexpr std::size_t few = 32;
  static constexpr std::size_t part = 1024;

  struct place {
    std::uintptr_t begin, end;
  };
  static place place_of(const gradstep_tensor& t) {
    const auto begin = reinterpret_cast<std::uintptr_t>(t.param);
    return {begin, begin + t.count * size_of(static_cast<dtype>(t.param_dtype))};
  }

  static gradstep_status twice(const given_list& list, std::size_t first, std::size_t second) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "tensors[%zu].param = %p overlaps tensors[%zu].param = %p: no two entries of a "
                "list may share a param",
                second, list[second].param, first, list[first].param);
  }

  static gradstep_status compare_all(const given_list& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const place a = place_of(list[i]);
      for (std::size_t j = 0; j < i; ++j) {
        const place b = place_of(list[j]);
        if (std::max(a.begin, b.begin) < std::min(a.end, b.end)) return twice(list, j, i);
      }
    }
    return GRADSTEP_OK;
  }

  /// In a table on the stack with open addresses: 1 + the entry's index in the part.
  static gradstep_status find_equal(const given_list& list, std::size_t begin, std::size_t end) {
    constexpr std::size_t size = 2 * part;
    std::uint16_t table[size] = {};
    for (std::size_t i = begin; i < end; ++i) {
      if (list[i].count == 0) continue;
      const auto address = reinterpret_cast<std::uintptr_t>(list[i].param);
      std::size_t at = static_cast<std::uint64_t>(address) * 0x9e3779b97f4a7c15 >> 53;
      static_assert(size == std::size_t{1} << (64 - 53));
      for (; table[at] != 0; at = (at + 1) % size) {
        const std::size_t other = begin + table[at] - 1;
        if (list[other].param == list[i].param) return twice(list, other, i);
      }
      table[at] = static_cast<std::uint16_t>(i - begin + 1);
    }
    return GRADSTEP_OK;
  }

  std::uintptr_t low_ = UINTPTR_MAX, high_ = 0;  // of all that were added
  int is_unclear_ = 0;
};

}  // namespace gradstep::internal
