// SPDX-License-Identifier: Apache-2.0
//
// A strip to an operand of any storage type, rounded to nearest or at random. 8-bit types are
// stored by the block: see eight_bits.hpp.
#pragma once

#include "kernels/storage/conversions.hpp"
#include "kernels/storage/eight_bits.hpp"
#include "kernels/storage/prepared_operand.hpp"
#include "kernels/storage/random_bits.hpp"
#include "kernels/vectors/strip.hpp"

namespace gradstep::internal {
namespace {

template <std::size_t Vectors>
[[gnu::always_inline]] inline void store_upper_halves(const words (&from)[Vectors],
                                                      std::uint16_t* to) {
#if defined(__AVX512F__)
  alignas(64) static constexpr std::uint16_t odd[32] = {1,  3,  5,  7,  9,  11, 13, 15, 17, 19, 21,
                                                        23, 25, 27, 29, 31, 33, 35, 37, 39, 41, 43,
                                                        45, 47, 49, 51, 53, 55, 57, 59, 61, 63};
  const __m512i upper = _mm512_load_si512(odd);
#pragma GCC unroll 8
  for (std::size_t k = 0; k < Vectors; k += 2) {
    const __m512i both =
        _mm512_permutex2var_epi16(bits_as<__m512i>(from[k]), upper, bits_as<__m512i>(from[k + 1]));
    _mm512_storeu_si512(to + k * float_lanes, both);
  }
#else
#pragma GCC unroll 8
  for (std::size_t k = 0; k < Vectors; ++k) {
    store_lanes(narrow(from[k] >> 16), to + k * float_lanes);
  }
#endif
}

/// Gives every NaN the same bits.
template <std::size_t Vectors>
[[gnu::always_inline]] inline void unify_nans(strip<float, Vectors>& x) {
  constexpr std::size_t half = Vectors / 2;
  mask<float> has_nan = unordered(x.vectors[0], x.vectors[half]);
#pragma GCC unroll 8
  for (std::size_t k = 1; k + 1 < half; ++k) {
    has_nan = has_nan | unordered(x.vectors[k], x.vectors[half + k]);
  }
  const mask<float> last_has_nan = unordered(x.vectors[half - 1], x.vectors[Vectors - 1]);
  if (!any(has_nan, last_has_nan)) [[likely]]
    return;
  const vec<float> nan(bits_as<float>(nan_bits));
#pragma GCC unroll 8
  for (vec<float>& v : x.vectors) v = select(v != v, nan, v);
}

/// Two ways to round a strip. rounded: to the upper half of a word, for bfloat16; rounded8: to the
/// mantissa of an 8-bit type; float16: to float16.
struct to_nearest {
  static words rounded(const words& bits, std::size_t) { return round_to_bfloat16(bits); }
  static words rounded8(const words& bits, std::size_t) { return bits + 0x80000U; }
  static halves float16(vec<float> x, std::size_t) { return narrow_to_float16(as_floats(x)); }
};
struct at_random {
  random_stream stream;
  std::size_t place;  // of the strip in its block
  words rounded(const words& bits, std::size_t vector) const {
    return round_to_bfloat16(bits, stream.bits16(place + vector * float_lanes));
  }
  words rounded8(const words& bits, std::size_t vector) const {
    return bits + stream.bits20(place + vector * float_lanes);
  }
  halves float16(vec<float> x, std::size_t vector) const {
    return narrow_to_float16(as_floats(x), stream.bits31(place + vector * float_lanes));
  }
};

/// Stores the upper halves of the elements as round(bits, k) rounds the k-th vector.
template <std::size_t Vectors, class Round>
[[gnu::always_inline]] inline void store_rounded(strip<float, Vectors> from, std::uint16_t* to,
                                                 const Round& round) {
  words bits[Vectors];
  unify_nans(from);
#pragma GCC unroll 8
  for (std::size_t k = 0; k < Vectors; ++k) bits[k] = round(as_words(from.vectors[k]), k);
  store_upper_halves(bits, to);
}

template <std::size_t Vectors, class Rounding>
[[gnu::always_inline]] inline void store_bfloat16(const strip<float, Vectors>& from,
                                                  std::uint16_t* to, Rounding rounding) {
  store_rounded(
      from, to, [&](const words& bits, std::size_t k) __attribute__((always_inline)) {
        return rounding.rounded(bits, k);
      });
}

template <std::size_t Vectors>
[[gnu::always_inline]] inline void store_split(const strip<float, Vectors>& from,
                                               std::uint16_t* upper, std::uint16_t* lower) {
  from.for_each([=](vec<float> x, std::size_t i) {
    store_lanes(narrow(as_words(x) >> 16), upper + i);
    store_lanes(narrow(as_words(x) & 0xffffU), lower + i);
  });
}

template <std::size_t Vectors, class Rounding>
[[gnu::always_inline]] inline void store_float16(const strip<float, Vectors>& from,
                                                 std::uint16_t* to, Rounding rounding) {
#pragma GCC unroll 8
  for (std::size_t k = 0; k < Vectors; ++k) {
    store_lanes(rounding.float16(from.vectors[k], k), to + k * float_lanes);
  }
}

/// Puts the strip among the pending elements of its block, for store_block.
template <std::size_t Vectors, class Rounding>
[[gnu::always_inline]] inline void store_8bit(const strip<float, Vectors>& from,
                                              std::uint16_t* pending, Rounding rounding) {
  store_rounded(
      from, pending, [&](const words& bits, std::size_t k) __attribute__((always_inline)) {
        return rounding.rounded8(bits, k);
      });
}

/// Stores the strip from the operand's index-th element on; not for 8-bit types.
template <std::size_t Vectors, class Rounding>
[[gnu::always_inline]] inline void store(const strip<float, Vectors>& from,
                                         const prepared_operand& to, std::size_t index,
                                         Rounding rounding) {
  if (to.form == dtype::float32) return from.store(to.at<float>(index));
  if (to.form == dtype::bfloat16) {
    return store_bfloat16(from, to.at<std::uint16_t>(index), rounding);
  }
  // [[unlikely]]: otherwise its constants take registers from more used types.
  if (to.form == dtype::float16) [[unlikely]] {
    return store_float16(from, to.at<std::uint16_t>(index), rounding);
  }
  if (to.form == dtype::split) {
    return store_split(from, to.at<std::uint16_t>(index), to.lower_half(index));
  }
  __builtin_unreachable();
}

/// Converts through float32, except float64.
template <std::size_t Vectors, class Rounding>
[[gnu::noinline]] void store(const strip<double, Vectors>& from, const prepared_operand& to,
                             std::size_t index, Rounding rounding) {
  if (to.form == dtype::float64) return from.store(to.at<double>(index));
  constexpr std::size_t count = strip<double, Vectors>::elements;
  alignas(64) double elements[count];
  from.store(elements);
  strip<float, Vectors / 2> single;
  load_as(static_cast<const double*>(elements), single);
  store(single, to, index, rounding);
}

}  // namespace
}  // namespace gradstep::internal
