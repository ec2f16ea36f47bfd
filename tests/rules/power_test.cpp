// SPDX-License-Identifier: Apache-2.0
//
// base^exponent by the library's own arithmetic, against exact values and against long double.
#include "rules/power.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

using gradstep::internal::power;

/// Distance in units in the last place of a double of `exact`'s size, which may be a denormal.
double units_off(double got, long double exact) {
  const int exponent = std::max(std::ilogb(exact), -1022);
  return static_cast<double>(std::abs(got - exact) / std::ldexp(1.0L, exponent - 52));
}

struct exact_power {
  double base, exponent;
  long double exact;  // by Python's decimal, to 21 digits
};

constexpr exact_power exact_powers[] = {
    {0.96, 0.004, 9.99836725352675278270e-1L},
    {0.96, 0.008, 9.99673477363961015553e-1L},
    {0.96, 524.288, 5.07014322598325432208e-10L},
    {0.96, 4000.012, 1.21540050670426642598e-71L},
    {2, -0.8, 5.74349177498517485720e-1L},
    {3, -0.8, 4.15243646538505755063e-1L},
    {16, -0.8, 1.08818820412015503993e-1L},
    {1000003, -0.8, 1.58488938872772068528e-5L},
    {0x1p53 - 1, -0.8, 1.72317023328832390708e-13L},
    {0x1p53, -0.8, 1.72317023328832375403e-13L},
    {0x1p53, -0.5, 1.05367121277235079467e-8L},
    {1 - 0x1p-53, 0x1p53, 3.67879441171442301174e-1L},
    {1 - 0x1p-53, -6e18, 1.98719262165483062246e+289L},
    {1 + 0x1p-52, 1e15, 1.24862707153908615018e+0L},
    {1 + 0x1p-52, -3e18, 5.03222480348866715886e-290L},
    {0.1, 307.6, 2.51188643150949149300e-308L},
    {0.1, 308, 1.00000000000001709743e-308L},
    {0.1, 323.3, 5.01187233627268159927e-324L},
    {10, 308.25, 1.77827941003892280123e+308L},
    {1e-3, 2, 1.00000000000000004163e-6L},
    {7, 0.5, 2.64575131106459059050e+0L},
    {0x1p-1074, 0.25, 1.49089193085383538923e-81L},
    {0x0.fffffffffffffp-1022, -0.9, 7.71596078459153021095e+276L},
    {0x1.fffffffffffffp+1023, 0.9999, 1.67451903360792867819e+308L},
    {0x1.6a09e667f3bccp-1, -2, 2.00000000000000035460e+0L},
    {0x1.6a09e667f3bcdp+0, 3, 2.82842712474619067764e+0L},
    {0x1.921fb54442d18p+1, -600.25, 3.85291045143789655200e-299L},
    {1e-300, 1e-15, 9.99999999999309224472e-1L},
};

TEST(power, is_correctly_rounded) {
  for (const auto& c : exact_powers) {
    EXPECT_LE(units_off(power(c.base, c.exponent), c.exact), 0.501) << c.base << "^" << c.exponent;
  }
}

TEST(power, in_long_double) {
  constexpr double epsilon = std::numeric_limits<long double>::epsilon();
  for (const auto& c : exact_powers) {
    const long double base = c.base, exponent = c.exponent;
    EXPECT_LE(std::abs(power(base, exponent) / c.exact - 1), std::max(4 * epsilon, 1e-20))
        << c.base << "^" << c.exponent;
  }
}

/// A number in [0, 1).
double random_fraction(std::uint64_t seed, std::uint64_t index) {
  return (random_value(seed, index) + 2) / 4;
}

/// A step in [1, 2^53], its logarithm about evenly distributed.
double random_step(std::uint64_t index) {
  return std::ceil(std::ldexp(random_fraction(3, index), 1 + static_cast<int>(index % 53)));
}

void expect_near_long_double(double base, double exponent) {
  const long double exact = std::pow(static_cast<long double>(base), exponent);
  if (exact >= 0x1p1024L || exact == 0) return;
  // powl itself is off by about 2^-63 of the result.
  ASSERT_LE(units_off(power(base, exponent), exact), 0.503) << base << "^" << exponent;
}

TEST(power, agrees_with_long_double) {
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const double x = random_value(1, i), y = random_value(2, i);
    const int size = static_cast<int>(i % 52);
    expect_near_long_double(std::abs(x), 10 * y);
    expect_near_long_double(std::ldexp(x + 3, static_cast<int>(i % 2040) - 1020), y);
    expect_near_long_double(1 + std::ldexp(x, -size - 2), std::ldexp(y, size + 5));
    expect_near_long_double(0.96, 0.004 * random_step(i));
    expect_near_long_double(random_step(i), -0.8);
    expect_near_long_double(std::ldexp(random_fraction(1, i), -1022), y / 2);
  }
}

/// Rounding to a denormal happens once.
TEST(power, agrees_with_long_double_where_results_are_denormal) {
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const double base = 2 + 100 * random_fraction(1, i);
    const double exponent = (-1020 - 55 * random_fraction(2, i)) / std::log2(base);
    expect_near_long_double(base, exponent);
  }
}

TEST(power, of_whole_numbers_is_exact) {
  for (double x = 1; x < 0x1p53; x = 3 * x + 1) {
    EXPECT_EQ(power(x, 1.0), x);
    EXPECT_EQ(power(x, 0.0), 1);
    if (x >= 0x1p26) continue;
    EXPECT_EQ(power(x, 2.0), x * x);
    EXPECT_EQ(power(x * x, 0.5), x);
  }
  for (int n = -1074; n < 1024; ++n) {
    EXPECT_EQ(power(2.0, static_cast<double>(n)), std::ldexp(1, n)) << n;
    EXPECT_EQ(power(std::ldexp(1, n), 1.0), std::ldexp(1, n)) << n;
  }
}

TEST(power, of_zero) {
  EXPECT_EQ(power(0.0, 2.0), 0);
  EXPECT_EQ(power(0.0, 0.0), 1);
  EXPECT_EQ(power(0.0, -0.5), infinite);
}

TEST(power, that_is_too_large_or_too_small) {
  constexpr double largest = std::numeric_limits<double>::max();
  EXPECT_EQ(power(2.0, 1024.0), infinite);
  EXPECT_EQ(power(largest, 1 + 0x1p-52), infinite);
  EXPECT_EQ(power(largest, largest), infinite);
  EXPECT_EQ(power(0x1p-1074, -largest), infinite);
  EXPECT_EQ(power(1 - 0x1p-53, -largest), infinite);
  EXPECT_EQ(power(2.0, -1075.0), 0);  // halfway between 0 and the smallest denormal: to even
  EXPECT_EQ(power(2.0, -1074.999), 0x1p-1074);
  EXPECT_EQ(power(largest, -largest), 0);
  EXPECT_EQ(power(1 - 0x1p-53, largest), 0);
  EXPECT_EQ(power(1.0, largest), 1);
}

TEST(power, with_a_tiny_exponent_is_one) {
  constexpr double largest = std::numeric_limits<double>::max();
  for (const double exponent : {0x1p-1074, 1e-300, 1e-20}) {
    EXPECT_EQ(power(largest, exponent), 1);
    EXPECT_EQ(power(0x1p-1074, exponent), 1);
    EXPECT_EQ(power(0.96, -exponent), 1);
  }
}

}  // namespace
}  // namespace gradstep_test
