// SPDX-License-Identifier: Apache-2.0
//
// Arrays of the C interface.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>

namespace gradstep_test {

inline gradstep_array array_of(std::int32_t dtype, void* data, void* extra = nullptr) {
  gradstep_array array{};
  array.data = data;
  array.extra = extra;
  array.dtype = dtype;
  return array;
}
inline gradstep_array array_of(float* data) { return array_of(GRADSTEP_FLOAT32, data); }
inline gradstep_array array_of(double* data) { return array_of(GRADSTEP_FLOAT64, data); }

/// An array and how many elements it has.
struct counted_array : gradstep_array {
  counted_array() : gradstep_array() {}
  std::size_t count = 0;
};

}  // namespace gradstep_test
