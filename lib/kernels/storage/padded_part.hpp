// SPDX-License-Identifier: Apache-2.0
//
// A part of an operand that is shorter than a strip.
#pragma once

#include <cstring>

#include "kernels/storage/operand.hpp"

namespace gradstep::internal {
namespace {

/// A zero-padded copy of some elements of an operand. A whole strip of up to `Elements` can be
/// loaded from it and stored to it.
template <std::size_t Elements>
class padded_part {
 public:
  /// Copies the first `count` elements of the operand to places from `inside` on, and returns the
  /// copy.
  operand take(const operand& from, std::size_t inside, std::size_t count) {
    inside_ = inside;
    count_ = count;
    operand here = from;
    here.data = copy(data_, from.data, size_of(from.type));
    // The scale of an 8-bit type stays where it is: it belongs to the block.
    if (has_lower_halves(from)) here.extra = copy(lower_halves_, from.extra, half_size);
    return here;
  }

  /// Copies the elements back. 8-bit codes are left out: store_block stores them.
  void put_back(const operand& to) const {
    if (has_blocks(to.type)) return;
    copy_back(data_, to.data, size_of(to.type));
    if (has_lower_halves(to)) copy_back(lower_halves_, to.extra, half_size);
  }

 private:
  static constexpr std::size_t half_size = sizeof(std::uint16_t);

  void* copy(unsigned char* memory, const void* from, std::size_t size) const {
    std::memset(memory, 0, Elements * size);
    std::memcpy(memory + inside_ * size, from, count_ * size);
    return memory;
  }
  void copy_back(const unsigned char* memory, void* to, std::size_t size) const {
    std::memcpy(to, memory + inside_ * size, count_ * size);
  }

  std::size_t inside_ = 0, count_ = 0;
  alignas(64) unsigned char data_[Elements * sizeof(double)];
  alignas(64) unsigned char lower_halves_[Elements * half_size];
};

}  // namespace
}  // namespace gradstep::internal
