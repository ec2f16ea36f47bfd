// SPDX-License-Identifier: Apache-2.0
//
// Everything in a checkpoint but the elements of arrays. It is JSON in the file's metadata.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/storage/operand.hpp"
#include "optimizer/group_settings.hpp"
#include "schedules/plateau.hpp"
#include "step/loss_scaling.hpp"

namespace gradstep::internal {

struct saved_group {
  std::string name;
  group_settings settings;  // without slot_dtype: each array has its own dtype
  std::optional<internal::plateau> plateau;
};

/// One array of a tensor.
struct saved_array_type {
  std::string name;  // "exp_avg"
  dtype type;
  bool has_low = false;  // bfloat16 with lower halves
};

/// A scalar of a rule.
struct saved_number {
  std::string name;
  double value;
};

/// The scalars that a rule has for all its tensors.
struct saved_rule_state {
  std::string name;  // the rule's
  std::vector<saved_number> scalars;
};

struct saved_tensor {
  std::string name;
  std::string group;
  std::uint64_t count = 0;
  std::uint64_t rows = 0, columns = 0;  // both 0: flat
  std::uint64_t step_count = 0;
  std::uint64_t accumulate_count = 0;
  std::uint64_t average_count = 0;
  bool is_frozen = false;
  std::vector<saved_array_type> arrays;
  /// Slots among the arrays that no step of the tensor has used. Empty before the first step.
  std::vector<std::string> fresh_slots = {};
  std::vector<saved_number> scalars = {};  // of the rule, with the scope of a tensor
  const rule_info* rule = nullptr;         // of its group, once that is found in the file

  tensor_shape shape() const { return {count, rows, columns}; }

  /// nullptr: no array has that name.
  const saved_array_type* find(std::string_view array_name) const;
};

struct saved_state {
  std::uint64_t step_count = 0;
  std::uint64_t skipped_count = 0;
  double grad_norm = 0;
  std::optional<internal::loss_scaler> loss_scaler;
  std::vector<saved_group> groups;
  std::vector<saved_tensor> tensors;
  std::vector<saved_rule_state> rules = {};  // those that a step has changed
};

/// The state as JSON. Equal states give equal texts. Names have to be UTF-8; the writer of the file
/// refuses others.
std::string write_state(const saved_state& state);

/// Trusts the text in nothing. Throws failure (CORRUPT), whose sentence names the place of the
/// fault.
saved_state read_state(std::string_view text);

}  // namespace gradstep::internal
