// SPDX-License-Identifier: Apache-2.0
//
// Whether this build's arithmetic rounds exactly, as docs/numerics.md promises. Its instructions
// depend on the processor, xsimd's version and the compiler's flags. An estimate with Newton steps
// instead of an instruction is fast, but wrong by a unit in the last place, or NaN for infinite
// operands.
#pragma once

#include <array>
#include <cstring>
#include <limits>

#include "kernels/vectors/inexact_operation.hpp"

namespace gradstep::internal {
namespace {

/// Operands with their exactly rounded result. Operands that the operation does not take are 0.
template <class T>
struct exact_case {
  T a, b, c, result;
};

template <class T>
struct exact_cases {
  using limits = std::numeric_limits<T>;
  static constexpr T epsilon = limits::epsilon();
  static constexpr T below_1 = 1 - epsilon / 2;
  static constexpr T denormal = limits::denorm_min();
  static constexpr T infinity = limits::infinity();
  // 16 large^2 overflows.
  static constexpr T large = sizeof(T) == 4 ? T(0x1p62L) : T(0x1p510L);
  static constexpr T root_of_large = sizeof(T) == 4 ? T(0x1p31L) : T(0x1p255L);
  static constexpr std::size_t count = 32;

  /// 1 / (1 + k epsilon) is close to the midpoint of two numbers. The compiler's division is exact.
  static constexpr auto quotients = [] {
    std::array<exact_case<T>, 3 * count> all{};
    for (std::size_t k = 0; k < count; ++k) {
      const T a = 1 + T(37 * k + 1) * epsilon, b = 1 + T(k * k + 2) * T(0x1p-11L);
      const T just_below = 1 - T(k) * epsilon / 2;
      all[3 * k] = {a, b, 0, a / b};
      all[3 * k + 1] = {large * a, large * large * b, 0, a / b / large};
      all[3 * k + 2] = {1, just_below, 0, 1 / just_below};
    }
    return all;
  }();
  static constexpr exact_case<T> special_quotients[] = {
      {1, infinity, 0, 0},
      {infinity, large, 0, infinity},
      {-1, 0, 0, -infinity},
      {limits::max(), limits::max(), 0, 1},
      {limits::max(), -large, 0, -(limits::max() / large)},
      {limits::min(), 2, 0, limits::min() / 2},
      {denormal, denormal, 0, 1},
      {3 * denormal, 2, 0, 2 * denormal},
      {denormal, limits::max(), 0, 0},
  };

  /// The root of 1 + (2 k + 1) epsilon is just below 1 + (k + 1/2) epsilon.
  static constexpr auto roots = [] {
    std::array<exact_case<T>, 3 * count> all{};
    for (std::size_t k = 0; k < count; ++k) {
      const T x = 1 + T(2 * k + 1) * epsilon, root = 1 + T(k) * epsilon;
      all[3 * k] = {x, 0, 0, root};
      all[3 * k + 1] = {large * x, 0, 0, root_of_large * root};
      all[3 * k + 2] = {x / large, 0, 0, root / root_of_large};
    }
    return all;
  }();
  static constexpr exact_case<T> special_roots[] = {
      {0, 0, 0, 0},
      {-T(0), 0, 0, -T(0)},
      {infinity, 0, 0, infinity},
      {limits::max(), 0, 0, 4 * large* below_1},
      {below_1, 0, 0, below_1},
      {sizeof(T) == 4 ? 2 * denormal : denormal, 0, 0, sizeof(T) == 4 ? T(0x1p-74L) : T(0x1p-537L)},
  };

  /// (1 + k epsilon)(1 + m epsilon) - (1 + (k + m) epsilon) is k m epsilon^2.
  static constexpr auto fused_sums = [] {
    std::array<exact_case<T>, count> all{};
    for (std::size_t k = 0; k < count; ++k) {
      const T a = 1 + T(k + 1) * epsilon, b = 1 + T(3 * k + 2) * epsilon;
      all[k] = {a, b, -(1 + T(4 * k + 3) * epsilon), T((k + 1) * (3 * k + 2)) * epsilon * epsilon};
    }
    return all;
  }();
  static constexpr exact_case<T> special_fused_sums[] = {
      {limits::max(), 2, -limits::max(), limits::max()},
      // Just above the midpoint of two numbers, but on it if a wider type rounds first.
      {sizeof(T) == 4 ? T(24929) : T(321), sizeof(T) == 4 ? T(673) : T(28059810762433L),
       T(0x1p-100L), 2 / epsilon + 2},
      {denormal, T(0.5), 0, 0},
      {3 * denormal, T(0.5), 0, 2 * denormal},
      {-1, 0, -T(0), -T(0)},
      {1, -1, 1, 0},
  };
};

/// Whether operation(a, b, c) gives the bits of every case's result, in every lane of V.
template <class V, class T, class Cases, class Operation>
bool gives_exactly(const Cases& cases, const Operation& operation) {
  // Volatile: otherwise the compiler, which is exact, computes the results.
  const auto opaque = [](const T& x) { return V(*const_cast<const volatile T*>(&x)); };
  bool is_exact = true;
  for (const exact_case<T>& each : cases) {
    T lanes[V::width];
    operation(opaque(each.a), opaque(each.b), opaque(each.c)).store(lanes);
    for (const T& lane : lanes) {
      // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): bits are compared, of -0 too
      is_exact &= std::memcmp(&lane, &each.result, sizeof lane) == 0;
    }
  }
  return is_exact;
}

/// The name of an operation that V, a vector of T, does not round exactly; null for none.
template <class V, class T>
const char* inexact_name(bool fuses) {
  using cases = exact_cases<T>;
  const auto all_exact = [](const auto& many, const auto& special, const auto& operation) {
    return gives_exactly<V, T>(many, operation) && gives_exactly<V, T>(special, operation);
  };
  if (!all_exact(cases::quotients, cases::special_quotients, [](V a, V b, V) { return a / b; })) {
    return "division";
  }
  if (!all_exact(cases::roots, cases::special_roots, [](V a, V, V) { return sqrt(a); })) {
    return "square root";
  }
  if (fuses && !all_exact(cases::fused_sums, cases::special_fused_sums,
                          [](V a, V b, V c) { return fma(a, b, c); })) {
    return "fused multiply-add";
  }
  return nullptr;
}

/// Checks Vector<float> and Vector<double>. fuses: whether fma must round once.
template <template <class> class Vector>
inexact_operation find_inexact(bool fuses) {
  const char* name = inexact_name<Vector<float>, float>(fuses);
  if (name != nullptr) return {"float32", name};
  name = inexact_name<Vector<double>, double>(fuses);
  if (name != nullptr) return {"float64", name};
  return {nullptr, nullptr};
}

}  // namespace
}  // namespace gradstep::internal
