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

/// The loop's strips have strip_vectors, the last ones of a range a single vector.
template <class T, std::size_t Vectors>
struct strip {
  vec<T> vectors[Vectors];
};

template <class T, std::size_t Vectors, class From>
void load_as(const From* from, strip<T, Vectors>& to) {
#pragma GCC unroll 16
  for (std::size_t k = 0; k < Vectors; ++k) {
    to.vectors[k] = load_converted<T>(from + k * vec<T>::width);
  }
}

template <class T, std::size_t Vectors>
void load(const void* from, dtype type, std::size_t index, strip<T, Vectors>& to) {
  switch (type) {
    case dtype::float32:
      return load_as(static_cast<const float*>(from) + index, to);
    case dtype::float64:
      return load_as(static_cast<const double*>(from) + index, to);
  }
  __builtin_unreachable();  // validated; else the compiler keeps a path that loads nothing
}

/// Params and slots of a T kernel are stored as T; the narrower types come as further cases.
template <class T, std::size_t Vectors>
void store(const strip<T, Vectors>& from, void* to, std::size_t index) {
  T* const elements = static_cast<T*>(to) + index;
#pragma GCC unroll 16
  for (std::size_t k = 0; k < Vectors; ++k) {
    from.vectors[k].store(elements + k * vec<T>::width);
  }
}

}  // namespace
}  // namespace gradstep::internal
