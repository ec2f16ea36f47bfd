// SPDX-License-Identifier: Apache-2.0
//
// Some vectors in registers: what a loop works on at a time.
#pragma once

#include "kernels/vectors/batch.hpp"

namespace gradstep::internal {
namespace {

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

/// to = the elements from `from` on, converted: rounded to nearest when T is narrower.
template <class T, std::size_t Vectors, class From>
[[gnu::always_inline]] inline void load_as(const From* from, strip<T, Vectors>& to) {
  to.set_each([from](std::size_t i) { return load_converted<T>(from + i); });
}

}  // namespace
}  // namespace gradstep::internal
