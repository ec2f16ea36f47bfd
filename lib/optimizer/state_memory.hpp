// SPDX-License-Identifier: Apache-2.0
//
// Memory for state that the library owns.
#pragma once

#include <cstddef>

#include "kernels/storage/operand.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {

/// Arrays begin at a multiple of so many bytes.
inline constexpr std::size_t state_alignment = 64;

/// The bytes that an array takes in a block, the next one aligned.
inline std::size_t aligned_size(std::size_t bytes) {
  return (bytes + state_alignment - 1) / state_alignment * state_alignment;
}

/// One block of memory, aligned, its contents not set. A large one asks for huge pages.
class state_block {
 public:
  state_block() = default;
  /// Throws std::bad_alloc.
  explicit state_block(std::size_t bytes);
  state_block(state_block&& other) noexcept;
  state_block& operator=(state_block&& other) noexcept;
  ~state_block();

  std::byte* data() const { return data_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Writes `count` times the value, rounded to nearest, and scales where the type has them: on the
/// context's threads, so that each touches memory first that a step may hand to it.
void fill_array(const context& c, const operand& array, std::size_t count, double value) noexcept;

}  // namespace gradstep::internal
