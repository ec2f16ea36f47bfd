// SPDX-License-Identifier: Apache-2.0
//
// lib/kernels/vectors/exactness.hpp decides which instruction sets a context refuses: it accepts
// arithmetic that rounds exactly, and detects what other libraries and compilers put in its place.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include "kernels/ops_levels.hpp"
#include "kernels/ops_table.hpp"
#include "kernels/vectors/exactness.hpp"
#include "support/context_setup.hpp"

namespace gradstep_test {
namespace {

using gradstep::internal::find_inexact;
using gradstep::internal::inexact_operation;

/// "float32 division", or "" for exact arithmetic.
std::string to_text(inexact_operation found) {
  return found.type == nullptr ? "" : std::string(found.type) + " " + found.name;
}

TEST(exactness, of_every_instruction_set) {
  for (const ops_table* table : all_ops) {
    const auto names = available_isas();
    if (std::find(names.begin(), names.end(), table->isa) == names.end()) continue;
    EXPECT_EQ(to_text(table->find_inexact()), "") << table->isa;
  }
}

// ---- Arithmetic of plain numbers, as a vector of one ------------------------------------------

/// Arithmetic::divide, root and fused for numbers of type T.
template <class Arithmetic, class T>
struct one_number {
  static constexpr std::size_t width = 1;

  T value;

  explicit one_number(T number) : value(number) {}
  void store(T* to) const { *to = value; }
  friend one_number operator/(one_number a, one_number b) {
    return one_number(Arithmetic::divide(a.value, b.value));
  }
  friend one_number sqrt(one_number x) { return one_number(Arithmetic::root(x.value)); }
  friend one_number fma(one_number a, one_number b, one_number c) {
    return one_number(Arithmetic::fused(a.value, b.value, c.value));
  }
};

struct exact {
  template <class T>
  static T divide(T a, T b) {
    return a / b;
  }
  template <class T>
  static T root(T x) {
    return std::sqrt(x);
  }
  template <class T>
  static T fused(T a, T b, T c) {
    return std::fma(a, b, c);
  }
};

template <class Arithmetic>
struct numbers_with {
  template <class T>
  using vector = one_number<Arithmetic, T>;
};

template <class Arithmetic>
std::string found_in(bool fuses = true) {
  return to_text(find_inexact<numbers_with<Arithmetic>::template vector>(fuses));
}

TEST(exactness, of_plain_numbers) { EXPECT_EQ(found_in<exact>(), ""); }

// ---- Division ---------------------------------------------------------------------------------

struct by_reciprocal : exact {
  template <class T>
  static T divide(T a, T b) {
    return a * (1 / b);
  }
};

/// As NEON's estimate of 8 bits with as many Newton steps as the type needs.
struct by_newton_steps : exact {
  template <class T>
  static T divide(T a, T b) {
    int exponent = 0;
    const T part = std::frexp(b, &exponent);
    T reciprocal = std::ldexp(std::round(256 / part) / 256, -exponent);
    for (int i = 0; i < (sizeof(T) == 4 ? 2 : 3); ++i) reciprocal *= std::fma(-b, reciprocal, T(2));
    return a * reciprocal;
  }
};

/// As by_newton_steps, with exact results for zeros, denormals, infinities and NaN: ordinary
/// results alone are wrong by a unit.
struct by_newton_steps_with_special_numbers : by_newton_steps {
  template <class T>
  static T divide(T a, T b) {
    const bool is_ordinary =
        std::isnormal(a) && std::isnormal(b) && std::isnormal(a / b) && std::isnormal(1 / b);
    return is_ordinary ? by_newton_steps::divide(a, b) : a / b;
  }
};

struct flushing_quotients : exact {
  template <class T>
  static T divide(T a, T b) {
    const T quotient = a / b;
    return std::isnormal(quotient) || std::isinf(quotient) ? quotient : 0;
  }
};

TEST(exactness, division) {
  EXPECT_EQ(found_in<by_reciprocal>(), "float32 division");
  EXPECT_EQ(found_in<by_newton_steps>(), "float32 division");
  EXPECT_EQ(found_in<by_newton_steps_with_special_numbers>(), "float32 division");
  EXPECT_EQ(found_in<flushing_quotients>(), "float32 division");
}

/// Divides floats as doubles, which is exact, and doubles by Newton steps.
struct narrowed : by_newton_steps_with_special_numbers {
  using by_newton_steps_with_special_numbers::divide;
  static float divide(float a, float b) {
    return static_cast<float>(static_cast<double>(a) / static_cast<double>(b));
  }
};

TEST(exactness, division_of_float64_alone) { EXPECT_EQ(found_in<narrowed>(), "float64 division"); }

// ---- Root -------------------------------------------------------------------------------------

/// Computes x * (1 / sqrt(x)): wrong in the last bits alone.
struct by_inverse_root : exact {
  template <class T>
  static T root(T x) {
    return x == 0 ? x : x * (1 / std::sqrt(x));
  }
};

/// One Newton step from a root of which half of the bits are right.
struct by_a_newton_step : exact {
  template <class T>
  static T root(T x) {
    if (x == 0 || std::isinf(x)) return x;
    const T estimate = std::sqrt(x) * T(1.0001);
    return (estimate + x / estimate) / 2;
  }
};

struct without_minus_zero : exact {
  template <class T>
  static T root(T x) {
    return x == 0 ? 0 : std::sqrt(x);
  }
};

TEST(exactness, root) {
  EXPECT_EQ(found_in<by_inverse_root>(), "float32 square root");
  EXPECT_EQ(found_in<by_a_newton_step>(), "float32 square root");
  EXPECT_EQ(found_in<without_minus_zero>(), "float32 square root");
}

// ---- Fused multiply-add -----------------------------------------------------------------------

struct unfused_arithmetic : exact {
  template <class T>
  static T fused(T a, T b, T c) {
    const volatile T product = a * b;
    return product + c;
  }
};

/// Rounds twice: to double, then to float.
struct fused_in_double : exact {
  using exact::fused;
  static float fused(float a, float b, float c) {
    return static_cast<float>(
        std::fma(static_cast<double>(a), static_cast<double>(b), static_cast<double>(c)));
  }
};

TEST(exactness, fused_multiply_add) {
  EXPECT_EQ(found_in<unfused_arithmetic>(), "float32 fused multiply-add");
  EXPECT_EQ(found_in<unfused_arithmetic>(false), "");
  EXPECT_EQ(found_in<fused_in_double>(), "float32 fused multiply-add");
}

}  // namespace
}  // namespace gradstep_test
