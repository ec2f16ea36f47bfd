// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "checkpoint/metadata.hpp"
#include "optimizer/notes.hpp"
#include "safetensors/safetensors_reader.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {

/// A checkpoint file. The constructor verifies it, and checks that its state and its arrays agree.
/// Throws failure: IO_ERROR; CORRUPT for any fault.
class checkpoint_reader {
 public:
  explicit checkpoint_reader(std::unique_ptr<byte_source> source);

  const saved_state& state() const noexcept { return state_; }
  /// The file, as sentences call it.
  const std::string& shown() const noexcept { return reader_.shown(); }
  /// A copy of the file's notes.
  note_map notes() const;

  /// Reads an array of the file, which has `count` numbers. `to`: memory for its elements, in any
  /// dtype. A conversion to that dtype runs on the context's threads.
  void read(const saved_tensor& tensor, const saved_array_type& array, std::size_t count,
            const context& c, const operand& to);

 private:
  void check_tensor(const saved_tensor& tensor);
  void check_notes() const;
  void check_array(const saved_tensor& tensor, const saved_array_type& array, std::size_t count);
  const stored_array& find(std::string_view name);

  safetensors_reader reader_;
  saved_state state_;
  std::size_t next_ = 0;         // in reader_.arrays(): after the array that was found last
  std::size_t owned_count_ = 0;  // of reader_.arrays(): those that belong to a tensor
};

/// Bytes of an array with its scales or lower halves; both parts are aligned.
std::size_t stored_size(dtype type, bool has_low, std::size_t count) noexcept;
/// An array in stored_size bytes of memory.
operand array_at(std::byte* memory, dtype type, bool has_low, std::size_t count) noexcept;

}  // namespace gradstep::internal
