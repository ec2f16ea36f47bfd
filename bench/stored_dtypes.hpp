// SPDX-License-Identifier: Apache-2.0
//
// In which dtypes a step's arrays are stored: one list, from which the cases are made.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

/// A dtype of the library, and what may be stored in it. An 8-bit slot is stored as
/// gradstep_slot_storage answers for the code.
struct element_type {
  std::int32_t code;
  const char* name;
  std::size_t bytes;
  bool is_for_param, is_for_grad, is_for_slot, is_for_copy;
};

/// A new dtype is one line.
inline constexpr element_type element_types[] = {
    // code, name, bytes; for param, grad, slot, copy
    {GRADSTEP_FLOAT32, "f32", 4, true, true, true, false},
    {GRADSTEP_FLOAT64, "f64", 8, true, true, true, false},
    {GRADSTEP_BFLOAT16, "bf16", 2, true, true, true, true},
    {GRADSTEP_FLOAT16, "f16", 2, true, true, true, true},
    {GRADSTEP_SIGNED8, "8bit", 1, false, false, true, false},
};

/// The line of that code, which is there.
const element_type& type_of(std::int32_t code);

struct storage {
  std::int32_t param, grad, slots;
  bool is_split = false;  // a bfloat16 param and its lower half
  std::int32_t copy = 0;  // of the param; 0: none

  /// "float32", "f32+bf16grad+bf16slots": the param's dtype, then whatever the arithmetic is not
  /// in.
  std::string name() const;
  /// What the library computes in: float64 for a float64 param, else float32.
  std::int32_t arithmetic() const;
};

/// All of one dtype.
inline constexpr storage plain_storage(std::int32_t code) { return {code, code, code}; }

/// Every combination of the dtypes of param, grad and slots that the library takes, params with a
/// lower half and with a copy among them, the plain ones not. A float64 param's slots are float64,
/// and no other's gradient is.
std::vector<storage> mixed_storages();

}  // namespace bench
