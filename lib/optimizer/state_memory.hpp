// SPDX-License-Identifier: Apache-2.0
//
// Memory for state that the library owns: slots and accumulated gradients.
#pragma once

#include <cstddef>

#include "base/round_up.hpp"
#include "kernels/storage/operand.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {

/// Arrays begin at multiples of this many bytes.
inline constexpr std::size_t state_alignment = 64;

/// The bytes of an array, rounded up so that the next array is aligned.
inline std::size_t aligned_size(std::size_t bytes) { return round_up(bytes, state_alignment); }

/// One aligned block of memory; its contents are not set. A large block asks for huge pages.
class state_block {
 public:
  state_block() = default;
  /// Throws std::bad_alloc.
  explicit state_block(std::size_t bytes);
  state_block(state_block&& other) noexcept;
  state_block& operator=(state_block&& other) noexcept;
  ~state_block();

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Sets all elements to the value, rounded to nearest, and their scales. Runs on the context's
/// threads, so that each page is touched first by a thread that steps may use.
void fill_array(const context& c, const operand& array, std::size_t count, double value) noexcept;

}  // namespace gradstep::internal
