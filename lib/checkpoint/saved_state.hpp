// SPDX-License-Identifier: Apache-2.0
//
// What a checkpoint says beside its arrays, and how it is written as JSON. docs/checkpoints.md
// states it.
#pragma once

#include <gradstep/gradstep.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/storage/operand.hpp"
#include "optimizer/group_settings.hpp"

namespace gradstep::internal {

struct saved_group {
  std::string name;
  group_settings settings;  // slot_dtype is no part of it: each array has its own
  std::optional<gradstep_plateau> plateau;
};

/// How elements stand in a file.
struct stored_type {
  dtype type;
  bool has_low;             // bfloat16 with lower halves
  const char* name;         // in the state
  const char* safetensors;  // what the format calls it
};
inline constexpr stored_type stored_types[] = {
    {dtype::float32, false, "float32", "F32"},
    {dtype::float64, false, "float64", "F64"},
    {dtype::bfloat16, false, "bfloat16", "BF16"},
    {dtype::bfloat16, true, "bfloat16 with lower halves", "BF16"},
    {dtype::float16, false, "float16", "F16"},
    {dtype::signed8, false, "signed8", "U8"},
    {dtype::unsigned8, false, "unsigned8", "U8"},
};
/// Every dtype has one.
const stored_type& stored_type_of(dtype type, bool has_low);

/// One array of a tensor, as the file has it.
struct saved_array_type {
  std::string name;  // "exp_avg"
  dtype type;
  bool has_low = false;  // bfloat16 with lower halves
};

struct saved_tensor {
  std::string name;
  std::string group;
  std::uint64_t count = 0;
  std::uint64_t step_count = 0;
  std::uint64_t accumulate_count = 0;
  bool is_frozen = false;
  std::vector<saved_array_type> arrays;
  /// Slots among the arrays that none of the tensor's steps has used. Not listed before the first.
  std::vector<std::string> fresh_slots = {};

  /// Null where the file has none of that name.
  const saved_array_type* find(std::string_view array_name) const;
};

struct saved_state {
  std::uint64_t step_count = 0;
  std::uint64_t skipped_count = 0;
  double grad_norm = 0;
  std::optional<gradstep_loss_scaler> loss_scaler;
  std::vector<saved_group> groups;
  std::vector<saved_tensor> tensors;
};

/// The version of what follows.
inline constexpr std::uint64_t state_format = 1;

/// Names are UTF-8 where the writer of the file is to accept the text.
std::string write_state(const saved_state& state);

/// Trusts the text in nothing: throws failure (CORRUPT), whose sentence says where the fault is.
saved_state read_state(std::string_view text);

}  // namespace gradstep::internal
