// SPDX-License-Identifier: Apache-2.0
//
// Slots that the library owns: planned, allocated in one block per tensor, set to their initial
// values, and then put in place.
#pragma once

#include <cstdint>
#include <vector>

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// Slots of one tensor that are allocated but not in place yet.
struct new_slots {
  std::uint32_t tensor;
  std::uint32_t mask;  // bit s: slot s is among them
  state_block memory;
  operand slots[max_slots];
  std::size_t bytes;
};

/// Chooses the dtype of each slot of the group's rule; the slots stay absent. Throws failure
/// (INVALID_ARGUMENT) if the tensor begins inside a block of an 8-bit dtype.
void plan_slots(const group_settings& group, tensor& t);

/// Sets slot s of the tensor, which is at `slot`, to its value before the first step.
void set_initial(const context& c, const rule_values& rule, std::size_t s, const tensor& t,
                 const operand& slot) noexcept;

/// Allocates the slots of the mask, at their initial values, with the dtypes that the tensor's
/// slots have. index: the tensor's.
new_slots allocate_slots(const context& c, const rule_values& rule, std::uint32_t mask,
                         const tensor& t, std::uint32_t index);

/// Allocates, for every tensor of the group, the slots that the settings use and the tensor lacks.
/// Afterwards put_in_place cannot fail. Throws failure (INVALID_ARGUMENT) if such a tensor's slots
/// are the caller's.
std::vector<new_slots> allocate_missing_slots(optimizer& o, const group_record& group,
                                              const group_settings& settings);

/// Puts the slots into the table. The gate's lock is held; the tensor's slot_memory has room for
/// one more block.
void put_in_place(tensor_table& table, new_slots&& added) noexcept;

}  // namespace gradstep::internal
