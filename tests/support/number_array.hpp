// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gradstep/gradstep.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "support/arrays.hpp"
#include "support/dtype_lists.hpp"

namespace gradstep_test {

/// `count` numbers of one dtype, `offset` bytes after the start of a cache line. get, set, fill and
/// bits are for float32 and float64; stored_array.hpp converts the other dtypes.
class number_array {
 public:
  static constexpr std::uint64_t nan_bits = ~std::uint64_t{0};

  number_array(std::int32_t dtype, std::size_t count, std::size_t offset = 0)
      : dtype_(dtype),
        count_(count),
        element_size_(element_size(dtype)),
        offset_(offset),
        lines_((offset + count * element_size_) / 64 + 1) {}

  std::int32_t dtype() const { return dtype_; }
  std::size_t size() const { return count_; }
  std::size_t bytes() const { return count_ * element_size_; }

  void* data(std::size_t first = 0) {
    return reinterpret_cast<std::byte*>(lines_.data()) + offset_ + first * element_size_;
  }
  const void* data(std::size_t first = 0) const {
    return const_cast<number_array*>(this)->data(first);
  }

  gradstep_array view(std::size_t first = 0) { return array_of(dtype_, data(first)); }

  double get(std::size_t i) const {
    if (dtype_ == GRADSTEP_FLOAT32) return read<float>(i);
    return read<double>(i);
  }
  void set(std::size_t i, double value) {
    if (dtype_ == GRADSTEP_FLOAT32) return write(i, static_cast<float>(value));
    write(i, value);
  }
  void fill(double value) {
    for (std::size_t i = 0; i < count_; ++i) set(i, value);
  }
  void multiply(double factor) {
    for (std::size_t i = 0; i < count_; ++i) set(i, get(i) * factor);
  }

  /// The bits of the i-th element; nan_bits for every NaN.
  std::uint64_t bits(std::size_t i) const {
    if (std::isnan(get(i))) return nan_bits;
    if (dtype_ == GRADSTEP_FLOAT32) return std::bit_cast<std::uint32_t>(read<float>(i));
    return std::bit_cast<std::uint64_t>(read<double>(i));
  }

  /// The i-th element as it stands in memory; sizeof(Element) must be the size of the dtype.
  template <class Element>
  Element read(std::size_t i) const {
    Element element;
    std::memcpy(&element, data(i), sizeof element);
    return element;
  }
  template <class Element>
  void write(std::size_t i, Element element) {
    std::memcpy(data(i), &element, sizeof element);
  }

 private:
  struct alignas(64) cache_line {
    std::byte bytes[64];
  };

  std::int32_t dtype_;
  std::size_t count_;
  std::size_t element_size_;
  std::size_t offset_;
  std::vector<cache_line> lines_;
};

/// The bits of a number; nan_bits for every NaN.
inline std::uint64_t bits_of(double value) {
  return std::isnan(value) ? number_array::nan_bits : std::bit_cast<std::uint64_t>(value);
}

}  // namespace gradstep_test
