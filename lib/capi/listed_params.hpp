// SPDX-License-Identifier: Apache-2.0
//
// Validation that no two tensors of a list share a param.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "capi/array_places.hpp"
#include "capi/tensor_reading.hpp"

namespace gradstep::internal {

/// Two threads would write a param that two entries share. Usually params ascend or descend in
/// memory: then each lies outside the span of those before it, and none overlap. add() checks that
/// much. For any other order, check() compares all pairs of a short list; in a long one it looks
/// for equal params, in parts of the list.
class listed_params {
 public:
  /// The tensor is valid.
  void add(const gradstep_tensor& t) {
    const array_place place = place_of_param(t);
    const std::uintptr_t begin = place.begin, end = place.end;
    if (begin == end) return;
    is_unclear_ |= static_cast<int>(begin < high_) & static_cast<int>(low_ < end);
    low_ = std::min(low_, begin);
    high_ = std::max(high_, end);
  }

  /// INVALID_ARGUMENT for two entries that share a param. `list`: of the tensors that were added.
  gradstep_status check(const given_list& list) const noexcept {
    return is_unclear_ == 0 ? GRADSTEP_OK : find_shared(list);
  }

 private:
  static array_place place_of_param(const gradstep_tensor& t) {
    const std::size_t size = size_of(static_cast<dtype>(t.param.dtype));
    if (t.columns == 0) return place_of(t.param.data, size, t.count, 0, 0);
    const std::size_t pitch = pitch_of(t.param, t.columns);
    return place_of(t.param.data, size, elements_with_gaps(t.count, t.columns, pitch), t.columns,
                    pitch);
  }

  static gradstep_status find_shared(const given_list& list) noexcept;
  static gradstep_status compare_all(const given_list& list) noexcept;
  static gradstep_status find_equal(const given_list& list, std::size_t begin,
                                    std::size_t end) noexcept;

  std::uintptr_t low_ = UINTPTR_MAX, high_ = 0;  // the span of all params so far
  int is_unclear_ = 0;
};

}  // namespace gradstep::internal
