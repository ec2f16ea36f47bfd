// SPDX-License-Identifier: Apache-2.0
//
// A strip of one array between memory, in whatever type it is stored, and registers. The storage
// type is a value, not a template parameter: the branch goes the same way for the whole range, and
// a new type costs one case here.
#pragma once

#include "batch.hpp"
#include "kernel_table.hpp"

namespace gradstep::internal {
namespace {

template <class T>
constexpr std::size_t strip_width = strip_vectors* vec<T>::width;

template <class T>
struct strip {
  vec<T> vectors[strip_vectors];
};

template <class T, class From>
void load_as(const From* from, strip<T>& to) {
#pragma GCC unroll 16
  for (std::size_t k = 0; k < strip_vectors; ++k) {
    to.vectors[k] = load_converted<T>(from + k * vec<T>::width);
  }
}

template <class T>
void load(const void* from, dtype type, std::size_t index, strip<T>& to) {
  switch (type) {
    case dtype::float32:
      return load_as(static_cast<const float*>(from) + index, to);
    case dtype::float64:
      return load_as(static_cast<const double*>(from) + index, to);
  }
  __builtin_unreachable();  // validated; else the compiler keeps a path that loads nothing
}

/// Params and slots of a T kernel are stored as T; the narrower types come as further cases.
template <class T>
void store(const strip<T>& from, void* to, std::size_t index) {
  T* const elements = static_cast<T*>(to) + index;
#pragma GCC unroll 16
  for (std::size_t k = 0; k < strip_vectors; ++k) {
    from.vectors[k].store(elements + k * vec<T>::width);
  }
}

}  // namespace
}  // namespace gradstep::internal
