// SPDX-License-Identifier: Apache-2.0
//
// An array of any dtype, read and written by the plain reference. A new dtype needs a case in
// element_size (dtype_lists.hpp), in `widen` and in `narrow`, and an entry in the lists of
// dtype_lists.hpp.
#pragma once

#include <gradstep/gradstep.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

#include "support/arrays.hpp"
#include "support/dtype_lists.hpp"
#include "support/number_array.hpp"
#include "support/reference_16_bits.hpp"
#include "support/reference_8_bits.hpp"
#include "support/reference_rounding.hpp"

namespace gradstep_test {

class stored_array {
 public:
  /// is_split: a bfloat16 array has lower halves.
  stored_array(std::int32_t dtype, std::size_t count, std::size_t offset = 0, bool is_split = false)
      : data(dtype, count, offset) {
    if (is_blocked(dtype)) extra.emplace(GRADSTEP_FLOAT32, block_count(count), offset / 4 * 4);
    if (is_split) extra.emplace(GRADSTEP_BFLOAT16, count, (offset + 2) % 64);
  }

  std::int32_t dtype() const { return data.dtype(); }
  std::size_t size() const { return data.size(); }
  bool is_split() const { return extra && !is_blocked(dtype()); }

  /// The i-th number. A double holds the numbers of every dtype exactly.
  double widen(std::size_t i) const {
    if (is_split()) {
      const std::uint32_t upper = data.read<std::uint16_t>(i),
                          lower = extra->read<std::uint16_t>(i);
      return std::bit_cast<float>(upper << 16 | lower);
    }
    switch (dtype()) {
      case GRADSTEP_BFLOAT16:
        return bfloat16_to_float(data.read<std::uint16_t>(i));
      case GRADSTEP_FLOAT16:
        return float16_to_float(data.read<std::uint16_t>(i));
      case GRADSTEP_S1E4M3_B256:
      case GRADSTEP_E5M3_B256:
        return decoded(dtype(), data.read<std::uint8_t>(i), extra->read<float>(i / block_size));
      default:
        return data.get(i);
    }
  }

  /// Stores all values. `first`: the index of the first value in the whole tensor.
  template <class T>
  void narrow(const std::vector<T>& values, const rounding& how = {}, std::uint64_t first = 0) {
    if (dtype() == GRADSTEP_FLOAT64) return store(values);
    const std::vector<float> singles(values.begin(), values.end());
    if (dtype() == GRADSTEP_FLOAT32) return store(singles);
    if (is_blocked(dtype())) return store_blocks(singles, how, first);
    for (std::size_t i = 0; i < singles.size(); ++i) {
      const auto bits = std::bit_cast<std::uint32_t>(singles[i]);
      if (is_split()) {
        data.write(i, static_cast<std::uint16_t>(bits >> 16));
        extra->write(i, static_cast<std::uint16_t>(bits));
      } else if (dtype() == GRADSTEP_FLOAT16) {
        data.write(i, float16_from_float(singles[i], how, first + i));
      } else {
        data.write(i, bfloat16_from_float(singles[i], how, first + i));
      }
    }
  }

  /// The bits of the i-th element; in a block, its code with the scale; nan_bits for every NaN.
  std::uint64_t bits(std::size_t i) const {
    const double number = widen(i);
    if (std::isnan(number)) return number_array::nan_bits;
    if (is_blocked(dtype())) {
      return data.read<std::uint8_t>(i) | std::uint64_t{extra->read<std::uint32_t>(i / block_size)}
                                              << 8;
    }
    return std::bit_cast<std::uint64_t>(number);
  }

  /// The scales or lower halves from element `first` on; NULL if the dtype has none.
  void* extra_data(std::size_t first = 0) {
    if (!extra) return nullptr;
    return extra->data(is_blocked(dtype()) ? first / block_size : first);
  }

  /// From element `first` on.
  gradstep_array view(std::size_t first = 0) {
    return array_of(dtype(), data.data(first), extra_data(first));
  }

  number_array data;
  std::optional<number_array> extra;  // scales or lower halves

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
      extra->write(i / block_size, scale);
    }
  }
};

}  // namespace gradstep_test
