// SPDX-License-Identifier: Apache-2.0
//
// How a tensor's arrays stand in a checkpoint file: "<tensor>.<array>", with what belongs to one
// beside it.
#pragma once

#include <string>
#include <vector>

#include "saved_state.hpp"

namespace gradstep::internal {

/// The metadata that holds the state.
inline constexpr const char* state_key = "gradstep.state";

/// One array of the file.
struct stored_part {
  std::string name;
  const char* dtype;  // as safetensors calls it
  std::uint64_t count;
  void* data;
};

/// The elements, then for an 8-bit type "<tensor>.<array>.scales", or for lower halves
/// "<tensor>.<array>.low". memory: where the array is.
std::vector<stored_part> parts_of(const saved_tensor& tensor, const saved_array_type& array,
                                  const operand& memory);

}  // namespace gradstep::internal
