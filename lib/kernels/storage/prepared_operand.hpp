// SPDX-License-Identifier: Apache-2.0
//
// An operand as strips are loaded from it and stored to it: all that does not depend on the strip
// is worked out once.
#pragma once

#include "kernels/storage/eight_bits.hpp"

namespace gradstep::internal {
namespace {

enum class storage : std::uint8_t {
  float32,
  float64,
  bfloat16,
  split,  // bfloat16, and the lower halves that make it float32
  float16,
  signed8,
  unsigned8,
  not_a_number  // all of them: a block of 8 bits with such a scale
};

constexpr storage storage_of(const operand& o) {
  switch (o.type) {
    case dtype::float32:
      return storage::float32;
    case dtype::float64:
      return storage::float64;
    case dtype::bfloat16:
      return o.extra == nullptr ? storage::bfloat16 : storage::split;
    case dtype::float16:
      return storage::float16;
    case dtype::signed8:
      return storage::signed8;
    case dtype::unsigned8:
      return storage::unsigned8;
  }
  __builtin_unreachable();
}

struct prepared_operand : operand {
  storage form = storage::float32;
  std::uint32_t code_offsets = 0;  // the block's code_offset, in both halves

  /// There is none.
  prepared_operand() : operand{} {}
  /// Of an 8-bit type it enters the first block.
  explicit prepared_operand(const operand& o) : prepared_operand() {
    if (o.data == nullptr) return;
    static_cast<operand&>(*this) = o;
    form = storage_of(o);
    if (has_blocks(type)) enter_block(0);
  }

  /// What follows is of the block with the index-th element. Of 8-bit types only.
  void enter_block(std::size_t index) {
    const float scale = static_cast<const float*>(extra)[index / block_elements];
    const unsigned exponent = exponent_of(scale);
    form = scale == scale ? storage_of(*this) : storage::not_a_number;
    const std::uint16_t offset = is_signed() ? code_offset<dtype::signed8>(exponent)
                                             : code_offset<dtype::unsigned8>(exponent);
    code_offsets = offset * 0x10001U;
  }

  bool is_signed() const { return type == dtype::signed8; }  // of an 8-bit type
  template <class T>
  T* at(std::size_t index) const {
    return static_cast<T*>(data) + index;
  }
  std::uint16_t* lower_half(std::size_t index) const {
    return static_cast<std::uint16_t*>(extra) + index;
  }
};

}  // namespace
}  // namespace gradstep::internal
