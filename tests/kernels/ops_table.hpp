// SPDX-License-Identifier: Apache-2.0
//
// Every operation that a rule's update may use. ops_test.cpp runs them on each instruction set. The
// objects built for different instruction sets exchange plain data only, as in the library.
#pragma once

#include <cstddef>

#include "kernels/kernel_table.hpp"
#include "rules/scalar_math.hpp"

namespace gradstep_test {

enum class operation {
  add,
  subtract,
  multiply,
  divide,
  fused_multiply_add,
  square_root,
  absolute,
  sign,
  minimum,
  maximum,
  less,
  greater,
  less_equal,
  greater_equal,
  not_equal,
};
inline constexpr int operation_count = 15;

/// result[i] = operation(a[i], b[i], c[i]). A comparison of a and b selects b or c.
template <class T>
using ops_function = void (*)(operation op, const T* a, const T* b, const T* c, T* result,
                              std::size_t count);

struct ops_table {
  const char* isa;
  /// `count` is a multiple of 16.
  ops_function<float> run_float32;
  ops_function<double> run_float64;
  gradstep::internal::inexact_operation (*find_inexact)();
};

}  // namespace gradstep_test

// The namespace of the rules' updates, so that names resolve as they do there. Unnamed inside,
// because each instruction set compiles this file again.
namespace gradstep::internal {
namespace {

template <class V>
V evaluate(gradstep_test::operation op, V a, V b, V c) {
  using gradstep_test::operation;
  switch (op) {
    case operation::add:
      return a + b;
    case operation::subtract:
      return a - b;
    case operation::multiply:
      return a * b;
    case operation::divide:
      return a / b;
    case operation::fused_multiply_add:
      return fma(a, b, c);
    case operation::square_root:
      return sqrt(a);
    case operation::absolute:
      return abs(a);
    case operation::sign:
      return sign(a);
    case operation::minimum:
      return min(a, b);
    case operation::maximum:
      return max(a, b);
    case operation::less:
      return select(a < b, b, c);
    case operation::greater:
      return select(a > b, b, c);
    case operation::less_equal:
      return select(a <= b, b, c);
    case operation::greater_equal:
      return select(a >= b, b, c);
    case operation::not_equal:
      return select(a != b, b, c);
  }
  __builtin_unreachable();
}

}  // namespace
}  // namespace gradstep::internal
