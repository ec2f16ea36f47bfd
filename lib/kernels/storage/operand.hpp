// SPDX-License-Identifier: Apache-2.0
//
// One array of a tensor and how it is stored.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gradstep::internal {

/// Storage types; the values are the C API's.
enum class dtype : std::int32_t {
  float32 = 1,
  float64 = 2,
  bfloat16 = 3,
  float16 = 4,
  signed8 = 5,    // blocks of 8-bit floats with a scale each: 4 bits of exponent, 3 of mantissa
  unsigned8 = 6,  // the same without a sign and with 5 bits of exponent
};

/// Elements that share the scale of an 8-bit type, and a key of random bits.
inline constexpr std::size_t block_elements = 256;

struct operand {
  void* data;   // null: there is none
  void* extra;  // 8-bit types: a float scale for each block; bfloat16: the lower halves
                // that make it an exact float32, null without
  dtype type;
  bool is_stochastic;  // rounded at random where it is stored; else to nearest
};

namespace {

template <class T>
constexpr dtype native = sizeof(T) == 8 ? dtype::float64 : dtype::float32;

constexpr std::size_t size_of(dtype type) {
  switch (type) {
    case dtype::float64:
      return 8;
    case dtype::float32:
      return 4;
    case dtype::bfloat16:
    case dtype::float16:
      return 2;
    case dtype::signed8:
    case dtype::unsigned8:
      return 1;
  }
  return 0;
}

constexpr bool has_blocks(dtype type) { return type == dtype::signed8 || type == dtype::unsigned8; }

/// The scales beside so many elements of an 8-bit type.
constexpr std::size_t scale_count(std::size_t elements) {
  return elements / block_elements + (elements % block_elements != 0);
}

/// The bytes of `extra` beside so many elements: of scales, of lower halves, or 0.
constexpr std::size_t extra_size(dtype type, bool has_low, std::size_t elements) {
  if (has_blocks(type)) return scale_count(elements) * sizeof(float);
  return has_low ? elements * sizeof(std::uint16_t) : 0;
}

/// What stands in `extra` for an operand that begins at the index-th element of this one.
inline void* extra_at(dtype type, void* extra, std::size_t index) {
  if (extra == nullptr) return nullptr;
  if (has_blocks(type)) return static_cast<float*>(extra) + index / block_elements;
  return static_cast<std::uint16_t*>(extra) + index;
}

/// The operand from its index-th element on. 8-bit types: the first of a block.
inline operand operator+(operand o, std::size_t index) {
  if (o.data != nullptr) o.data = static_cast<char*>(o.data) + index * size_of(o.type);
  o.extra = extra_at(o.type, o.extra, index);
  return o;
}

}  // namespace
}  // namespace gradstep::internal
