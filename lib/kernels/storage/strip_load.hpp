// SPDX-License-Identifier: Apache-2.0
//
// A strip from an operand of any storage type. The storage type is a value, not a template
// parameter: the branch goes the same way for a whole range (except at blocks of NaNs), and a new
// type costs one case here and one in strip_store.hpp.
#pragma once

#include "kernels/storage/conversions.hpp"
#include "kernels/storage/eight_bits.hpp"
#include "kernels/storage/prepared_operand.hpp"
#include "kernels/vectors/strip.hpp"

namespace gradstep::internal {
namespace {

#if defined(__AVX2__)
/// Two vectors from their upper halves. Unpacking works within lanes of 128 bits: the first vector
/// gets the lower quarter, of 64 bits, of each lane, the second vector the upper one.
[[gnu::always_inline]] inline void unpack(const half_pair& from, vec<float>& first,
                                          vec<float>& second) {
#if defined(__AVX512F__)
  const __m512i quarters = bits_as<__m512i>(from);
  first = as_vec(_mm512_unpacklo_epi16(_mm512_setzero_si512(), quarters));
  second = as_vec(_mm512_unpackhi_epi16(_mm512_setzero_si512(), quarters));
#else
  const __m256i quarters = bits_as<__m256i>(from);
  first = as_vec(_mm256_unpacklo_epi16(_mm256_setzero_si256(), quarters));
  second = as_vec(_mm256_unpackhi_epi16(_mm256_setzero_si256(), quarters));
#endif
}
#endif

/// Two vectors from their upper halves. The lower halves become 0.
[[gnu::always_inline]] inline void widen_pair(const half_pair& from, vec<float>& first,
                                              vec<float>& second) {
  // Quarters change places before they are unpacked. This uses no mask register: a step took 5 %
  // longer with a mask that is set anew for each strip.
#if defined(__AVX512F__)
  const __m512i order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
  unpack(bits_as<half_pair>(_mm512_permutexvar_epi64(order, bits_as<__m512i>(from))), first,
         second);
#elif defined(__AVX2__)
  unpack(bits_as<half_pair>(_mm256_permute4x64_epi64(bits_as<__m256i>(from), 0xd8)), first, second);
#else
  halves half[2];
  std::memcpy(half, &from, sizeof half);
  first = as_vec(widen(half[0]) << 16);
  second = as_vec(widen(half[1]) << 16);
#endif
}

template <std::size_t Vectors>
[[gnu::always_inline]] inline void load_bfloat16(const std::uint16_t* from,
                                                 strip<float, Vectors>& to) {
#pragma GCC unroll 8
  for (std::size_t k = 0; k < Vectors; k += 2) {
    widen_pair(load_lanes<half_pair>(from + k * float_lanes), to.vectors[k], to.vectors[k + 1]);
  }
}

/// bfloat16 with lower halves.
template <std::size_t Vectors>
[[gnu::always_inline]] inline void load_split(const std::uint16_t* upper,
                                              const std::uint16_t* lower,
                                              strip<float, Vectors>& to) {
  to.set_each([=](std::size_t i) {
    return as_vec(widen(load_lanes<halves>(upper + i)) << 16 |
                  widen(load_lanes<halves>(lower + i)));
  });
}

template <std::size_t Vectors>
[[gnu::always_inline]] inline void load_float16(const std::uint16_t* from,
                                                strip<float, Vectors>& to) {
  to.set_each(
      [from](std::size_t i) { return as_vec(widen_float16(load_lanes<halves>(from + i))); });
}

template <dtype Type, std::size_t Vectors>
[[gnu::always_inline]] inline void load_8bit(const std::uint8_t* from, std::uint32_t code_offsets,
                                             strip<float, Vectors>& to) {
  const auto offset = bits_as<half_pair>(words{} + code_offsets);
#pragma GCC unroll 8
  for (std::size_t k = 0; k < Vectors; k += 2) {
    const auto codes = load_lanes<byte_pair>(from + k * float_lanes);
#if defined(__AVX2__) && !defined(__AVX512F__)
    // Codes change places within 128 bits, which takes less time than quarters of 256 bits.
    const auto quarters = bits_as<byte_pair>(_mm_shuffle_epi32(bits_as<__m128i>(codes), 0xd8));
    unpack(decode<Type>(quarters, offset), to.vectors[k], to.vectors[k + 1]);
#else
    widen_pair(decode<Type>(codes, offset), to.vectors[k], to.vectors[k + 1]);
#endif
  }
}

/// Loads the strip that begins at the operand's index-th element. An 8-bit strip lies in the block
/// that was entered last.
template <std::size_t Vectors>
[[gnu::always_inline]] inline void load(const prepared_operand& from, std::size_t index,
                                        strip<float, Vectors>& to) {
  // Each branch costs time, so the most used types come first.
  if (from.form == dtype::float32) return to.load(from.at<const float>(index));
  if (from.form == dtype::bfloat16) return load_bfloat16(from.at<const std::uint16_t>(index), to);
  switch (from.form) {
    case dtype::signed8:
      return load_8bit<dtype::signed8>(from.at<const std::uint8_t>(index), from.code_offsets, to);
    case dtype::unsigned8:
      return load_8bit<dtype::unsigned8>(from.at<const std::uint8_t>(index), from.code_offsets, to);
    case dtype::float16:
      return load_float16(from.at<const std::uint16_t>(index), to);
    case dtype::split:
      return load_split(from.at<const std::uint16_t>(index), from.lower_half(index), to);
    case dtype::float64:
      return load_as(from.at<const double>(index), to);
    case dtype::not_a_number:
      return to.set_each([](std::size_t) { return vec<float>(bits_as<float>(nan_bits)); });
    case dtype::float32:
    case dtype::bfloat16:
      break;
  }
  __builtin_unreachable();  // otherwise the compiler keeps a path that loads nothing
}

/// Converts through float32, except float64.
template <std::size_t Vectors>
[[gnu::noinline]] void load(const prepared_operand& from, std::size_t index,
                            strip<double, Vectors>& to) {
  if (from.form == dtype::float64) return to.load(from.at<const double>(index));
  strip<float, Vectors / 2> single;
  alignas(64) float elements[strip<double, Vectors>::elements];
  load(from, index, single);
  single.store(elements);
  load_as(elements, to);
}

}  // namespace
}  // namespace gradstep::internal
