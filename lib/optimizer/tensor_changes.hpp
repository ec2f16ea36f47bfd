// SPDX-License-Identifier: Apache-2.0
//
// A tensor that gets other arrays or another rule: everything that can fail is done before the
// tensor changes.
#pragma once

#include <memory>
#include <optional>

#include "optimizer/slots.hpp"

namespace gradstep::internal {

/// What a tensor will be.
struct tensor_change {
  std::uint32_t index;
  internal::tensor tensor;         // its slots and scalars: those of the caller, or kept ones
  std::optional<new_slots> slots;  // in place of all slots of the library's; empty: they stay
  bool keeps_scalars = true;
  std::unique_ptr<double[]> scalars = {};  // otherwise: in place of the tensor's; null: none
  state_block workspace = {};
};

/// The bytes of the state that the library owns for a tensor, as state_bytes counts them.
std::size_t library_bytes(const optimizer& o, std::size_t tensor) noexcept;

/// Puts the change in place; the record and what it counts in state_bytes beside slots are the
/// caller's to change. The gate's lock is held.
void put_in_place(optimizer& o, tensor_change&& change) noexcept;

}  // namespace gradstep::internal
