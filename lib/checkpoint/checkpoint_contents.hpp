// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "checkpoint/saved_state.hpp"
#include "safetensors/safetensors_reader.hpp"

namespace gradstep::internal {

/// A checkpoint file whose state and arrays agree with each other. Throws failure: IO_ERROR, or
/// CORRUPT for any fault.
class checkpoint_contents {
 public:
  explicit checkpoint_contents(const std::string& path);

  const saved_state& state() const noexcept { return state_; }

  /// An array of the file into memory for one of any dtype.
  void read(const saved_tensor& tensor, const saved_array_type& array, const operand& to);

 private:
  void take_array(const saved_tensor& tensor, const saved_array_type& array);
  const stored_array& find(std::string_view name);

  safetensors_reader reader_;
  saved_state state_;
  std::size_t next_ = 0;         // of reader_.arrays(), the one behind what was looked for last
  std::size_t taken_count_ = 0;  // of those, the ones that a tensor has
};

/// Bytes of an array and of what belongs to it, both aligned; and the array in such memory.
std::size_t stored_size(dtype type, bool has_low, std::size_t count) noexcept;
operand array_at(std::byte* memory, dtype type, bool has_low, std::size_t count) noexcept;

}  // namespace gradstep::internal
