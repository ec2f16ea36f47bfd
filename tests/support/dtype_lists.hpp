// SPDX-License-Identifier: Apache-2.0
//
// The dtypes, and which of them each kind of array may have.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace gradstep_test {

/// The dtypes of params and gradients.
inline constexpr std::int32_t float_dtypes[] = {GRADSTEP_FLOAT32, GRADSTEP_FLOAT64,
                                                GRADSTEP_BFLOAT16, GRADSTEP_FLOAT16};
/// The 16-bit dtypes.
inline constexpr std::int32_t half_dtypes[] = {GRADSTEP_BFLOAT16, GRADSTEP_FLOAT16};
/// The dtypes of copies of params.
inline constexpr std::int32_t copy_dtypes[] = {GRADSTEP_FLOAT32, GRADSTEP_BFLOAT16,
                                               GRADSTEP_FLOAT16};
/// The dtypes of slots of params that are not float64. E5M3_B256 stands for both 8-bit dtypes.
inline constexpr std::int32_t slot_dtypes[] = {GRADSTEP_FLOAT32, GRADSTEP_BFLOAT16,
                                               GRADSTEP_FLOAT16, GRADSTEP_E5M3_B256};
/// The 8-bit dtypes, with one float32 scale per block.
inline constexpr std::int32_t blocked_dtypes[] = {GRADSTEP_S1E4M3_B256, GRADSTEP_E5M3_B256};

inline constexpr std::size_t block_size = GRADSTEP_BLOCK_SIZE;

inline std::size_t block_count(std::size_t count) { return (count + block_size - 1) / block_size; }

inline bool is_blocked(std::int32_t dtype) {
  return dtype == GRADSTEP_S1E4M3_B256 || dtype == GRADSTEP_E5M3_B256;
}

inline std::size_t element_size(std::int32_t dtype) {
  switch (dtype) {
    case GRADSTEP_FLOAT64:
      return sizeof(double);
    case GRADSTEP_FLOAT32:
      return sizeof(float);
    case GRADSTEP_BFLOAT16:
    case GRADSTEP_FLOAT16:
      return sizeof(std::uint16_t);
    case GRADSTEP_S1E4M3_B256:
    case GRADSTEP_E5M3_B256:
      return sizeof(std::uint8_t);
    default:
      ADD_FAILURE() << "element_size of an unknown dtype " << dtype;
      return sizeof(double);
  }
}

inline std::string dtype_text(std::int32_t dtype) {
  constexpr const char* names[] = {"none",    "float32", "float64",  "bfloat16",
                                   "float16", "signed8", "unsigned8"};
  return dtype >= 0 && dtype < 7 ? names[dtype] : "dtype " + std::to_string(dtype);
}

// ---- Params and gradients of float32 and float64 ----------------------------------------------

struct dtypes {
  std::int32_t param = GRADSTEP_FLOAT32;
  std::int32_t grad = GRADSTEP_FLOAT32;
};

inline constexpr dtypes all_dtypes[] = {{GRADSTEP_FLOAT32, GRADSTEP_FLOAT32},
                                        {GRADSTEP_FLOAT32, GRADSTEP_FLOAT64},
                                        {GRADSTEP_FLOAT64, GRADSTEP_FLOAT32},
                                        {GRADSTEP_FLOAT64, GRADSTEP_FLOAT64}};
inline constexpr dtypes same_dtypes[] = {{GRADSTEP_FLOAT32, GRADSTEP_FLOAT32},
                                         {GRADSTEP_FLOAT64, GRADSTEP_FLOAT64}};

inline std::string to_text(dtypes types) {
  return "param " + dtype_text(types.param) + " grad " + dtype_text(types.grad);
}

}  // namespace gradstep_test
