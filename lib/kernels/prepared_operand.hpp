// SPDX-License-Identifier: Apache-2.0
//
// An operand as strips are loaded from it and stored to it: all that does not depend on the strip
// is worked out once.
#pragma once

#include "eight_bits.hpp"

namespace gradstep::internal {
namespace {

enum class storage : std::uint8_t {
  float32,
  float64,
  bfloat16,
  split,  // bfloat16, and the lower halves that make it float32
  float16,
  // From here on stored by the block.
  signed8,
  unsigned8,
  not_a_number  // all of them: a block of 8 bits with such a scale
};

constexpr bool has_blocks(storage form) { return form >= storage::signed8; }

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

struct prepared_operand {
  void* data = nullptr;  // null: there is none
  void* extra = nullptr;
  storage form = storage::float32;
  bool is_stochastic = false;
  bool is_signed = false;          // of an 8-bit type, whatever the block's form
  std::uint32_t code_offsets = 0;  // the block's code_offset, in both halves

  prepared_operand() = default;
  /// Of an 8-bit type it enters the first block.
  explicit prepared_operand(const operand& o) {
    if (o.data == nullptr) return;
    data = o.data;
    extra = o.extra;
    form = storage_of(o);
    is_stochastic = o.is_stochastic;
    is_signed = o.type == dtype::signed8;
    if (has_blocks(form)) enter_block(0);
  }

  /// What follows is of the block with the index-th element. Of 8-bit types only.
  void enter_block(std::size_t index) {
    const float scale = static_cast<const float*>(extra)[index / block_elements];
    const unsigned exponent = exponent_of(scale);
    form = is_signed ? storage::signed8 : storage::unsigned8;
    if (scale != scale) form = storage::not_a_number;
    const std::uint16_t offset =
        is_signed ? code_offset<dtype::signed8>(exponent) : code_offset<dtype::unsigned8>(exponent);
    code_offsets = offset * 0x10001U;
  }

  /// Bytes of an element. Of an 8-bit type it is not asked for.
  std::size_t size() const {
    if (form == storage::float32) return sizeof(float);
    return form == storage::float64 ? sizeof(double) : sizeof(std::uint16_t);
  }
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
