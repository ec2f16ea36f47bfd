// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <unordered_map>

#include "safetensors_reader.hpp"
#include "saved_state.hpp"

namespace gradstep::internal {

/// A checkpoint file whose state and arrays agree with each other. Throws failure: IO_ERROR, or
/// CORRUPT for any fault.
class checkpoint_contents {
 public:
  explicit checkpoint_contents(const std::string& path);

  const saved_state& state() const noexcept { return state_; }

  /// An array of the file, in the dtype that is wanted, in memory that becomes `memory`.
  operand read(const saved_tensor& tensor, const saved_array_type& array, dtype wanted,
               bool wants_low, state_block& memory) const;

 private:
  void take_array(const saved_tensor& tensor, const saved_array_type& array);

  safetensors_reader reader_;
  saved_state state_;
  std::unordered_map<std::string_view, const stored_array*> arrays_;  // of the file, by name
  std::size_t taken_count_ = 0;  // of those, the ones that a tensor has
};

}  // namespace gradstep::internal
