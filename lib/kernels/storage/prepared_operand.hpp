// SPDX-License-Identifier: Apache-2.0
//
// An operand with everything that loads and stores of strips need and that is the same for all
// strips.
#pragma once

#include "kernels/storage/eight_bits.hpp"

namespace gradstep::internal {
namespace {

struct prepared_operand : operand {
  dtype form = dtype::float32;  // what loads and stores switch on: the type, split or not_a_number
  std::uint32_t code_offsets = 0;  // 8-bit types: code_offset of the block's scale, in both halves

  /// An absent operand.
  prepared_operand() : operand{} {}
  /// An 8-bit operand enters its first block.
  explicit prepared_operand(const operand& o) : prepared_operand() {
    if (o.data == nullptr) return;
    static_cast<operand&>(*this) = o;
    form = type == dtype::bfloat16 && extra != nullptr ? dtype::split : type;
    if (has_blocks(type)) enter_block(0);
  }

  /// For 8-bit types: the following loads are from the block of the index-th element.
  void enter_block(std::size_t index) {
    const float scale = static_cast<const float*>(extra)[index / block_elements];
    const unsigned exponent = exponent_of(scale);
    form = scale == scale ? type : dtype::not_a_number;
    const std::uint16_t offset = is_signed() ? code_offset<dtype::signed8>(exponent)
                                             : code_offset<dtype::unsigned8>(exponent);
    code_offsets = offset * 0x10001U;
  }

  /// For 8-bit types.
  bool is_signed() const { return type == dtype::signed8; }
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
