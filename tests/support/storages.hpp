// SPDX-License-Identifier: Apache-2.0
//
// The ways to store the arrays of a parameter.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "support/dtype_lists.hpp"

namespace gradstep_test {

struct storage {
  std::int32_t param = GRADSTEP_FLOAT32;
  std::int32_t grad = GRADSTEP_FLOAT32;
  /// E5M3_B256 stands for E5M3_B256 in slots that are never negative, for S1E4M3_B256 in the
  /// others.
  std::int32_t slot = GRADSTEP_FLOAT32;
  std::int32_t copy = 0;     // 0: no copy
  std::int32_t delta = 0;    // 0: no delta
  bool is_split = false;     // the param has lower halves
  bool has_average = false;  // the parameter has an average
  std::uint64_t flags = 0;   // flags of a step that choose how arrays are rounded
  /// Each slot has the dtype that gradstep_rule_slot_layout gives if `slot` is wanted.
  bool is_laid_out = false;
};

inline std::string to_text(const storage& s) {
  std::string text = "param " + dtype_text(s.param) + (s.is_split ? " split" : "") + ", grad " +
                     dtype_text(s.grad) + ", slots " + dtype_text(s.slot);
  if (s.copy != 0) text += ", copy " + dtype_text(s.copy);
  if (s.delta != 0) text += ", delta " + dtype_text(s.delta);
  if (s.has_average) text += ", average";
  return text + ", flags " + std::to_string(s.flags);
}

/// Every way to store a param and slots, with float32 gradients.
inline std::vector<storage> param_and_slot_storages() {
  std::vector<storage> params;
  for (const std::int32_t dtype : float_dtypes) params.push_back({.param = dtype});
  for (const std::int32_t dtype : half_dtypes) {
    params.push_back({.param = dtype, .flags = GRADSTEP_APPLY_STOCHASTIC_PARAM});
  }
  params.push_back({.param = GRADSTEP_BFLOAT16, .is_split = true});
  std::vector<storage> all;
  for (storage s : params) {
    if (s.param == GRADSTEP_FLOAT64) {
      s.slot = GRADSTEP_FLOAT64;
      all.push_back(s);
      continue;
    }
    for (const std::int32_t slot : slot_dtypes) {
      s.slot = slot;
      all.push_back(s);
      if (slot == GRADSTEP_FLOAT32) continue;
      all.push_back(s);
      all.back().flags |= GRADSTEP_APPLY_NEAREST_SLOTS;
    }
  }
  return all;
}

/// Every way to store a param and slots, each with gradients of every dtype.
inline std::vector<storage> all_storages() {
  std::vector<storage> all;
  for (storage s : param_and_slot_storages()) {
    for (const std::int32_t grad : float_dtypes) {
      s.grad = grad;
      all.push_back(s);
    }
  }
  return all;
}

/// Every way to store a param and slots, with a copy and an average. Gradients and copies take
/// their dtypes in turn.
inline std::vector<storage> full_storages() {
  auto all = param_and_slot_storages();
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].grad = float_dtypes[i % std::size(float_dtypes)];
    all[i].copy = copy_dtypes[i % std::size(copy_dtypes)];
    all[i].has_average = true;
  }
  return all;
}

}  // namespace gradstep_test
