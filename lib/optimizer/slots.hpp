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

/// Chooses the dtype of each slot of the group's rule; the slots stay absent.
void plan_slots(const group_settings& group, tensor& t) noexcept;

/// Throws failure (INVALID_ARGUMENT) if a slot has an 8-bit dtype and the tensor, or a row with a
/// gap behind it, begins inside a block. argument: how the sentence calls the tensor.
void check_blocks(const rule_info& rule, const tensor& t, const char* argument);

/// Of slots that are the caller's: those that are absent and not used get the dtype of the
/// arithmetic. used: bit s, the rule uses slot s.
void forget_unused_dtypes(tensor& t, std::uint32_t used) noexcept;

/// The bytes of the slots that are there, with their scales.
std::size_t slot_bytes(const rule_info& rule, const tensor& t) noexcept;

/// Throws failure (INVALID_ARGUMENT): the rule would use the first of the missing slots, which are
/// bits, and the tensor's slots are the caller's.
[[noreturn]] void refuse_missing_slot(const rule_info& rule, std::uint32_t missing,
                                      const tensor_record& record);

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
