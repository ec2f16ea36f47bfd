// SPDX-License-Identifier: Apache-2.0
//
// A strip of an operand between memory, in whatever type it is stored, and registers. The storage
// type is a value, not a template parameter: the branch goes the same way for the whole range (but
// for blocks of NaNs), and a new type costs one case in `load`, one in `store`, and a name in
// prepared_operand.hpp.
#pragma once

#include "kernels/storage/conversions.hpp"
#include "kernels/storage/eight_bits.hpp"
#include "kernels/storage/prepared_operand.hpp"
#include "kernels/storage/random_bits.hpp"

namespace gradstep::internal {
namespace {

template <class T>
constexpr dtype native = sizeof(T) == 8 ? dtype::float64 : dtype::float32;

/// The loop's strips have strip_vectors, the last ones of a range a single vector.
template <class T, std::size_t Vectors>
struct strip {
  static constexpr std::size_t width = vec<T>::width;
  static constexpr std::size_t elements = Vectors * width;

  vec<T> vectors[Vectors];

  /// vectors[k] = result(k * width)
  template <class Result>
  [[gnu::always_inline]] void set_each(const Result& result) {
#pragma GCC unroll 16
    for (std::size_t k = 0; k < Vectors; ++k) vectors[k] = result(k * width);
  }
  /// use(vectors[k], k * width)
  template <class Use>
  [[gnu::always_inline]] void for_each(const Use& use) const {
#pragma GCC unroll 16
    for (std::size_t k = 0; k < Vectors; ++k) use(vectors[k], k * width);
  }

  [[gnu::always_inline]] void load(const T* from) {
    set_each([from](std::size_t i) { return vec<T>::load(from + i); });
  }
  [[gnu::always_inline]] void store(T* to) const {
    for_each([to](vec<T> x, std::size_t i) { x.store(to + i); });
  }
};

/// Elements of an operand in zero-padded memory of their own, where a whole strip of up to Elements
/// can be loaded and stored.
template <std::size_t Elements>
class padded_part {
 public:
  /// The first `count` elements of the operand, from place `inside` of the strip on.
  operand take(const operand& from, std::size_t inside, std::size_t count) {
    inside_ = inside;
    count_ = count;
    operand here = from;
    here.data = copy(data_, from.data, size_of(from.type));
    // The scale of an 8-bit type is its block's, whichever elements are taken.
    if (has_lower_halves(from)) here.extra = copy(lower_halves_, from.extra, half_size);
    return here;
  }

  /// Whence they came. 8-bit codes stay as they were: those are stored by the block.
  void put_back(const operand& to) const {
    if (has_blocks(to.type)) return;
    copy_back(data_, to.data, size_of(to.type));
    if (has_lower_halves(to)) copy_back(lower_halves_, to.extra, half_size);
  }

 private:
  static constexpr std::size_t half_size = sizeof(std::uint16_t);

  static bool has_lower_halves(const operand& o) {
    return o.extra != nullptr && !has_blocks(o.type);
  }
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

template <class T, std::size_t Vectors, class From>
[[gnu::always_inline]] inline void load_as(const From* from, strip<T, Vectors>& to) {
  to.set_each([from](std::size_t i) { return load_converted<T>(from + i); });
}

// ---- Upper halves of words: bfloat16 ----------------------------------------------------------

/// Two vectors from their upper halves; the lower ones become 0.
[[gnu::always_inline]] inline void widen_pair(const half_pair& from, vec<float>& first,
                                              vec<float>& second) {
  // Unpacking works within 128 bits: quarters of them change places first. Without a mask: with one
  // that is set for each strip anew a step took 5 % longer.
#if defined(__AVX512F__)
  const __m512i order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
  const __m512i quarters = _mm512_permutexvar_epi64(order, bits_as<__m512i>(from));
  first = as_vec(_mm512_unpacklo_epi16(_mm512_setzero_si512(), quarters));
  second = as_vec(_mm512_unpackhi_epi16(_mm512_setzero_si512(), quarters));
#elif defined(__AVX2__)
  const __m256i quarters = _mm256_permute4x64_epi64(bits_as<__m256i>(from), 0xd8);
  first = as_vec(_mm256_unpacklo_epi16(_mm256_setzero_si256(), quarters));
  second = as_vec(_mm256_unpackhi_epi16(_mm256_setzero_si256(), quarters));
#else
  halves half[2];
  std::memcpy(half, &from, sizeof half);
  first = as_vec(widen(half[0]) << 16);
  second = as_vec(widen(half[1]) << 16);
#endif
}

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

/// Makes every NaN the same.
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

// ---- Load -------------------------------------------------------------------------------------

template <std::size_t Vectors>
[[gnu::always_inline]] inline void load_bfloat16(const std::uint16_t* from,
                                                 strip<float, Vectors>& to) {
#pragma GCC unroll 8
  for (std::size_t k = 0; k < Vectors; k += 2) {
    widen_pair(load_lanes<half_pair>(from + k * float_lanes), to.vectors[k], to.vectors[k + 1]);
  }
}

/// Upper and lower halves.
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
    widen_pair(decode<Type>(codes, offset), to.vectors[k], to.vectors[k + 1]);
  }
}

/// The strip that begins at the operand's index-th element; of an 8-bit type, all of it in the
/// block that was entered last.
template <std::size_t Vectors>
[[gnu::always_inline]] inline void load(const prepared_operand& from, std::size_t index,
                                        strip<float, Vectors>& to) {
  // Each branch costs: those of most use come first.
  if (from.form == storage::float32) return to.load(from.at<const float>(index));
  if (from.form == storage::bfloat16) return load_bfloat16(from.at<const std::uint16_t>(index), to);
  switch (from.form) {
    case storage::signed8:
      return load_8bit<dtype::signed8>(from.at<const std::uint8_t>(index), from.code_offsets, to);
    case storage::unsigned8:
      return load_8bit<dtype::unsigned8>(from.at<const std::uint8_t>(index), from.code_offsets, to);
    case storage::float16:
      return load_float16(from.at<const std::uint16_t>(index), to);
    case storage::split:
      return load_split(from.at<const std::uint16_t>(index), from.lower_half(index), to);
    case storage::float64:
      return load_as(from.at<const double>(index), to);
    case storage::not_a_number:
      return to.set_each([](std::size_t) { return vec<float>(bits_as<float>(nan_bits)); });
    case storage::float32:
    case storage::bfloat16:
      break;
  }
  __builtin_unreachable();  // else the compiler keeps a path that loads nothing
}

/// Through float32, but for a float64.
template <std::size_t Vectors>
[[gnu::noinline]] void load(const prepared_operand& from, std::size_t index,
                            strip<double, Vectors>& to) {
  if (from.form == storage::float64) return to.load(from.at<const double>(index));
  strip<float, Vectors / 2> single;
  alignas(64) float elements[strip<double, Vectors>::elements];
  load(from, index, single);
  single.store(elements);
  load_as(elements, to);
}

// ---- Store ------------------------------------------------------------------------------------

/// How a strip is rounded where its type is narrower: to bfloat16, to the mantissa of 8 bits, or to
/// float16.
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

template <std::size_t Vectors, class Rounding>
[[gnu::always_inline]] inline void store_bfloat16(strip<float, Vectors> from, std::uint16_t* to,
                                                  Rounding rounding) {
  words bits[Vectors];
  unify_nans(from);
#pragma GCC unroll 8
  for (std::size_t k = 0; k < Vectors; ++k) {
    bits[k] = rounding.rounded(as_words(from.vectors[k]), k);
  }
  store_upper_halves(bits, to);
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

/// Among the elements of its block, for store_block.
template <std::size_t Vectors, class Rounding>
[[gnu::always_inline]] inline void store_8bit(strip<float, Vectors> from, std::uint16_t* pending,
                                              Rounding rounding) {
  words bits[Vectors];
  unify_nans(from);
#pragma GCC unroll 8
  for (std::size_t k = 0; k < Vectors; ++k) {
    bits[k] = rounding.rounded8(as_words(from.vectors[k]), k);
  }
  store_upper_halves(bits, pending);
}

/// 8-bit types are stored by the block.
template <std::size_t Vectors, class Rounding>
[[gnu::always_inline]] inline void store(const strip<float, Vectors>& from,
                                         const prepared_operand& to, std::size_t index,
                                         Rounding rounding) {
  if (to.form == storage::float32) return from.store(to.at<float>(index));
  if (to.form == storage::bfloat16) {
    return store_bfloat16(from, to.at<std::uint16_t>(index), rounding);
  }
  // Unlikely, or its constants would take registers from the types of more use.
  if (to.form == storage::float16) [[unlikely]] {
    return store_float16(from, to.at<std::uint16_t>(index), rounding);
  }
  if (to.form == storage::split) {
    return store_split(from, to.at<std::uint16_t>(index), to.lower_half(index));
  }
  __builtin_unreachable();
}

/// Through float32, but for a float64.
template <std::size_t Vectors, class Rounding>
[[gnu::noinline]] void store(const strip<double, Vectors>& from, const prepared_operand& to,
                             std::size_t index, Rounding rounding) {
  if (to.form == storage::float64) return from.store(to.at<double>(index));
  constexpr std::size_t count = strip<double, Vectors>::elements;
  alignas(64) double elements[count];
  from.store(elements);
  strip<float, Vectors / 2> single;
  load_as(static_cast<const double*>(elements), single);
  store(single, to, index, rounding);
}

}  // namespace
}  // namespace gradstep::internal
