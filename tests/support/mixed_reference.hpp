// SPDX-License-Identifier: Apache-2.0
//
// How numbers are stored, as plain scalar code written from the contract (gradstep.h and
// docs/numerics.md): one element or block at a time, nothing of the library's own. A new dtype is a
// case in element_size (support.hpp), `widen` and `narrow`, and an entry in the lists below.
#pragma once

#include <span>

#include "support/support.hpp"

namespace gradstep_test {

inline constexpr std::size_t block_size = GRADSTEP_BLOCK_SIZE;

/// The dtypes of params and gradients.
inline constexpr std::int32_t float_dtypes[] = {GRADSTEP_FLOAT32, GRADSTEP_FLOAT64,
                                                GRADSTEP_BFLOAT16, GRADSTEP_FLOAT16};
inline constexpr std::int32_t copy_dtypes[] = {GRADSTEP_FLOAT32, GRADSTEP_BFLOAT16,
                                               GRADSTEP_FLOAT16};
/// Those of slots beside any param but a float64; UNSIGNED8 stands for both 8-bit types.
inline constexpr std::int32_t slot_dtypes[] = {GRADSTEP_FLOAT32, GRADSTEP_BFLOAT16,
                                               GRADSTEP_FLOAT16, GRADSTEP_UNSIGNED8};
inline constexpr std::int32_t blocked_dtypes[] = {GRADSTEP_SIGNED8, GRADSTEP_UNSIGNED8};

inline bool is_blocked(std::int32_t dtype) {
  return dtype == GRADSTEP_SIGNED8 || dtype == GRADSTEP_UNSIGNED8;
}

inline std::size_t block_count(std::size_t count) { return (count + block_size - 1) / block_size; }

inline std::string dtype_text(std::int32_t dtype) {
  constexpr const char* names[] = {"none",    "float32", "float64",  "bfloat16",
                                   "float16", "signed8", "unsigned8"};
  return dtype >= 0 && dtype < 7 ? names[dtype] : "dtype " + std::to_string(dtype);
}

// ---- Random bits ------------------------------------------------------------------------------

/// SplitMix64's n-th output under a key.
inline std::uint64_t derived_key(std::uint64_t key, std::uint64_t n) {
  std::uint64_t x = key + (n + 1) * 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// How the elements of an array are rounded when they are stored.
class rounding {
 public:
  /// To nearest.
  rounding() = default;
  /// At random. `array`: a slot's index, or param_array.
  rounding(std::uint64_t seed, std::uint64_t key, std::uint64_t step, std::size_t array)
      : is_random_(true),
        key_(derived_key(derived_key(derived_key(0, seed), key), step)),
        array_(array) {}

  static constexpr std::size_t param_array = 8;  // after the most slots that a rule may have

  bool is_random() const { return is_random_; }

  /// `bit_count` bits for an element, given by its index in the whole tensor: the low ones of the
  /// product of an odd word for its place in the block and a random factor.
  std::uint32_t bits(std::uint64_t element, unsigned bit_count) const {
    return product(element) & ((1U << bit_count) - 1);
  }
  /// A number in [0, 1) for an element that had its bits.
  float part(std::uint64_t element) const {
    return std::ldexp(static_cast<float>((product(element) * 0x9e3779b1U) >> 9), -23);
  }

 private:
  std::uint32_t product(std::uint64_t element) const {
    const std::uint64_t key = derived_key(derived_key(key_, element / block_size), array_);
    const auto word = static_cast<std::uint32_t>(derived_key(0, element % block_size)) | 1U;
    return word * static_cast<std::uint32_t>(key);
  }

  bool is_random_ = false;
  std::uint64_t key_ = 0;
  std::size_t array_ = 0;
};

// ---- bfloat16 ---------------------------------------------------------------------------------

inline float bfloat16_to_float(std::uint16_t half) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
}

/// The two bfloat16 around a finite number differ by one in their bits, so a fraction of the way
/// from the one to the other is what the lower 16 bits say.
inline std::uint16_t bfloat16_from_float(float x, const rounding& how = {},
                                         std::uint64_t element = 0) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const auto toward_zero = static_cast<std::uint16_t>(bits >> 16);
  if (std::isnan(x)) return 0x7fc0;
  if (std::isinf(x)) return toward_zero;
  const std::uint32_t cut_off = bits & 0xffff;
  const bool is_odd = (toward_zero & 1) != 0;
  bool goes_away = cut_off > 0x8000 || (cut_off == 0x8000 && is_odd);
  if (how.is_random()) goes_away = cut_off + how.bits(element, 16) > 0xffff;
  return static_cast<std::uint16_t>(toward_zero + goes_away);
}

// ---- float16 ----------------------------------------------------------------------------------

inline float float16_to_float(std::uint16_t half) {
  const int exponent = half >> 10 & 31, mantissa = half & 1023;
  float x = std::ldexp(static_cast<float>(mantissa), -24);
  if (exponent == 31) {
    x = mantissa == 0 ? std::numeric_limits<float>::infinity()
                      : std::numeric_limits<float>::quiet_NaN();
  } else if (exponent != 0) {
    x = std::ldexp(static_cast<float>(1024 + mantissa), exponent - 25);
  }
  return (half & 0x8000) != 0 ? -x : x;
}

/// At random, from 31 bits: away from zero with a probability equal to the part of a unit that is
/// cut off. Beyond the largest float16 as to nearest.
inline std::uint16_t float16_from_float(float x, const rounding& how = {},
                                        std::uint64_t element = 0) {
  const std::uint16_t sign = std::signbit(x) ? 0x8000 : 0;
  const float magnitude = std::abs(x);
  if (std::isnan(x)) return 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;  // half-way from the largest to 65536
  // In units of the last place, which are at least 2^-24; ten bits below the leading one.
  const int exponent = std::max(magnitude == 0 ? -14 : std::ilogb(magnitude), -14);
  const float exact = std::ldexp(magnitude, 10 - exponent);
  float rounded = std::nearbyint(exact);  // ties to even
  if (how.is_random() && magnitude <= 65504) {
    rounded = std::floor(exact);
    const double part = std::floor(std::ldexp(static_cast<double>(exact - rounded), 31));
    if (part + how.bits(element, 31) >= 0x1p31) ++rounded;
  }
  // The leading one, or a carry into the next exponent, adds itself to the exponent's bits.
  return static_cast<std::uint16_t>(sign | (((exponent + 14) << 10) + static_cast<int>(rounded)));
}

// ---- 8-bit blocks -----------------------------------------------------------------------------

/// Code c of a magnitude: c / 8 is the exponent, the largest that of the scale, c % 8 the mantissa;
/// 0 is 0. Signed ones have the sign in the top bit.
struct code_table {
  std::uint32_t largest;
  int largest_exponent;

  float value(std::uint32_t code, float scale) const {
    if (code == 0) return 0;
    const int exponent = static_cast<int>(code / 8) - largest_exponent;
    return std::ldexp(1 + static_cast<float>(code % 8) / 8, exponent) * scale;
  }
};
inline constexpr code_table signed_codes{127, 15}, unsigned_codes{255, 31};

inline const code_table& codes_of(std::int32_t dtype) {
  return dtype == GRADSTEP_SIGNED8 ? signed_codes : unsigned_codes;
}

inline float decoded(std::int32_t dtype, std::uint8_t code, float scale) {
  if (std::isnan(scale)) return scale;
  if (dtype == GRADSTEP_UNSIGNED8) return unsigned_codes.value(code, scale);
  const float magnitude = signed_codes.value(code & 0x7f, scale);
  return code > 0x80 ? -magnitude : magnitude;
}

/// A magnitude with 3 bits of mantissa; infinite for what is not finite.
inline float rounded_to_3_bits(float x, const rounding& how, std::uint64_t element) {
  if (!std::isfinite(x)) return INFINITY;
  const std::uint32_t random = how.is_random() ? how.bits(element, 20) : 1U << 19;
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(std::abs(x)) + random) >> 20 << 20);
}

/// The power of two, from 2^-95 to 2^127, that is the largest magnitude's own. NaN where one is not
/// finite, or negative without a sign bit.
inline float block_scale(std::int32_t dtype, std::span<const float> block,
                         std::span<const float> rounded) {
  float largest = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const bool has_no_code =
        dtype == GRADSTEP_UNSIGNED8 && std::signbit(block[i]) && rounded[i] != 0;
    if (has_no_code || std::isinf(rounded[i])) return std::numeric_limits<float>::quiet_NaN();
    largest = std::max(largest, rounded[i]);
  }
  return std::ldexp(1.0F, largest == 0 ? -95 : std::max(std::ilogb(largest), -95));
}

/// Stores a block's codes and scale; `first` is the index of its first element in the whole tensor.
inline void encode_block(std::int32_t dtype, std::span<const float> block, const rounding& how,
                         std::uint64_t first, std::uint8_t* codes, float& scale) {
  std::vector<float> rounded;
  for (std::size_t i = 0; i < block.size(); ++i) {
    rounded.push_back(rounded_to_3_bits(block[i], how, first + i));
  }
  scale = block_scale(dtype, block, rounded);
  const bool is_zero = std::all_of(rounded.begin(), rounded.end(), [](float x) { return x == 0; });
  const int largest_exponent = codes_of(dtype).largest_exponent;
  const float least = codes_of(dtype).value(1, scale);
  for (std::size_t i = 0; i < block.size(); ++i) {
    codes[i] = 0;
    if (std::isnan(scale) || is_zero) continue;
    if (rounded[i] < least) {
      float limit = how.is_random() ? how.part(first + i) : 0.5F;
      if (dtype == GRADSTEP_UNSIGNED8) limit = 0;
      codes[i] = rounded[i] > limit * least ? 1 : 0;
    } else {
      const float ratio = rounded[i] / scale;
      const int exponent = std::ilogb(ratio);
      codes[i] = static_cast<std::uint8_t>((exponent + largest_exponent) * 8 +
                                           static_cast<int>(std::ldexp(ratio, 3 - exponent)) - 8);
    }
    if (dtype == GRADSTEP_SIGNED8 && std::signbit(block[i])) codes[i] |= 0x80;
  }
}

// ---- Arrays -----------------------------------------------------------------------------------

/// An array with what stands beside it: scales, or lower halves.
class stored_array {
 public:
  stored_array(std::int32_t dtype, std::size_t count, std::size_t offset = 0, bool is_split = false)
      : data(dtype, count, offset) {
    if (is_blocked(dtype)) extra.emplace(GRADSTEP_FLOAT32, block_count(count), offset / 4 * 4);
    if (is_split) extra.emplace(GRADSTEP_BFLOAT16, count, (offset + 2) % 64);
  }

  std::int32_t dtype() const { return data.dtype(); }
  std::size_t size() const { return data.size(); }
  bool is_split() const { return extra && !is_blocked(dtype()); }

  /// The element's number; every dtype fits a double.
  double widen(std::size_t i) const {
    if (is_split()) {
      const std::uint32_t upper = raw<std::uint16_t>(data, i),
                          lower = raw<std::uint16_t>(*extra, i);
      return std::bit_cast<float>(upper << 16 | lower);
    }
    switch (dtype()) {
      case GRADSTEP_BFLOAT16:
        return bfloat16_to_float(raw<std::uint16_t>(data, i));
      case GRADSTEP_FLOAT16:
        return float16_to_float(raw<std::uint16_t>(data, i));
      case GRADSTEP_SIGNED8:
      case GRADSTEP_UNSIGNED8:
        return decoded(dtype(), raw<std::uint8_t>(data, i), raw<float>(*extra, i / block_size));
      default:
        return data.get(i);
    }
  }

  /// Stores them all. `first` is the index of the first one in the whole tensor.
  template <class T>
  void narrow(const std::vector<T>& values, const rounding& how = {}, std::uint64_t first = 0) {
    if (dtype() == GRADSTEP_FLOAT64) return store(values);
    const std::vector<float> singles(values.begin(), values.end());
    if (dtype() == GRADSTEP_FLOAT32) return store(singles);
    if (is_blocked(dtype())) return store_blocks(singles, how, first);
    for (std::size_t i = 0; i < singles.size(); ++i) {
      const auto bits = std::bit_cast<std::uint32_t>(singles[i]);
      if (is_split()) {
        put(data, i, static_cast<std::uint16_t>(bits >> 16));
        put(*extra, i, static_cast<std::uint16_t>(bits));
      } else if (dtype() == GRADSTEP_FLOAT16) {
        put(data, i, float16_from_float(singles[i], how, first + i));
      } else {
        put(data, i, bfloat16_from_float(singles[i], how, first + i));
      }
    }
  }

  /// What is stored, as one number an element; one for all NaNs.
  std::uint64_t bits(std::size_t i) const {
    if (std::isnan(widen(i))) return ~std::uint64_t{0};
    if (is_blocked(dtype())) {
      return raw<std::uint8_t>(data, i) | std::uint64_t{raw<std::uint32_t>(*extra, i / block_size)}
                                              << 8;
    }
    return std::bit_cast<std::uint64_t>(widen(i));
  }

  void* extra_data(std::size_t first = 0) {
    if (!extra) return nullptr;
    return extra->data(is_blocked(dtype()) ? first / block_size : first);
  }

  gradstep_array view() {
    auto array = sized<gradstep_array>();
    array.count = size();
    array.data = data.data();
    array.extra = extra_data();
    array.dtype = dtype();
    return array;
  }

  template <class Element>
  static Element raw(const number_array& array, std::size_t i) {
    Element element;
    std::memcpy(&element, array.data(i), sizeof element);
    return element;
  }
  template <class Element>
  static void put(number_array& array, std::size_t i, Element element) {
    std::memcpy(array.data(i), &element, sizeof element);
  }

  number_array data;
  std::optional<number_array> extra;

 private:
  template <class T>
  void store(const std::vector<T>& values) {
    if (!values.empty()) std::memcpy(data.data(), values.data(), values.size() * sizeof(T));
  }

  void store_blocks(const std::vector<float>& values, const rounding& how, std::uint64_t first) {
    const std::span<const float> all(values);
    for (std::size_t i = 0; i < all.size(); i += block_size) {
      float scale = 0;
      encode_block(dtype(), all.subspan(i, std::min(block_size, all.size() - i)), how, first + i,
                   static_cast<std::uint8_t*>(data.data(i)), scale);
      put(*extra, i / block_size, scale);
    }
  }
};

}  // namespace gradstep_test
