// SPDX-License-Identifier: Apache-2.0
//
// The dtypes in which a step's arrays are stored. The cases are made from one list of dtypes.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace bench {

/// A dtype of the library, and which arrays may have it. For an 8-bit slot,
/// gradstep_rule_slot_layout tells the dtype that it really has.
struct element_type {
  std::int32_t code;
  const char* name;  // in the names of cases
  const char* library_name;
  std::size_t bytes;
  bool is_for_param, is_for_grad, is_for_slot, is_for_copy;
};

/// A new dtype is one line here.
inline constexpr element_type element_types[] = {
    // code, names, bytes; for param, grad, slot, copy
    {GRADSTEP_FLOAT32, "f32", "float32", 4, true, true, true, false},
    {GRADSTEP_FLOAT64, "f64", "float64", 8, true, true, true, false},
    {GRADSTEP_BFLOAT16, "bf16", "bfloat16", 2, true, true, true, true},
    {GRADSTEP_FLOAT16, "f16", "float16", 2, true, true, true, true},
    {GRADSTEP_S1E4M3_B256, "8bit", "s1e4m3_b256", 1, false, false, true, false},
};

/// The list must have the code.
const element_type& type_of(std::int32_t code);

struct storage {
  std::int32_t param, grad, slots;
  bool is_split = false;  // a bfloat16 param with its lower half
  std::int32_t copy = 0;  // the dtype of the param's copy; 0: no copy

  /// "float32", "f32+bf16grad+bf16slots": the param's dtype, then all dtypes that are not the
  /// arithmetic's.
  std::string name() const;
  /// The dtype that the library computes in: float64 for a float64 param, else float32.
  std::int32_t arithmetic() const;
};

/// All of one dtype.
inline constexpr storage plain_storage(std::int32_t code) { return {code, code, code}; }

/// All combinations of dtypes of param, grad and slots that the library takes, with lower halves
/// and copies of params too, but without the plain ones. A float64 param has float64 slots; only a
/// float64 param may have a float64 gradient.
std::vector<storage> mixed_storages();

}  // namespace bench
