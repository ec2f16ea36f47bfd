// SPDX-License-Identifier: Apache-2.0
//
// 1 - base^exponent, the correction of a moving average's bias, against exact values.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "rules/scalar_math.hpp"

namespace gradstep_test {
namespace {

struct power_case {
  double base;
  std::uint64_t exponent;
  long double one_minus_power;  // by Python's decimal, to 21 digits
};

constexpr power_case power_cases[] = {
    {0.0, 1, 1.0L},
    {0.0, 1ULL << 53, 1.0L},
    {0.1, 1, 0.899999999999999994449L},
    {0.1, 7, 0.999999900000000000000L},
    {0.5, 1, 0.500000000000000000000L},
    {0.5, 54, 0.999999999999999944489L},
    {0.5, 1ULL << 53, 1.00000000000000000000L},
    {0.9, 1, 0.0999999999999999777955L},
    {0.9, 2, 0.189999999999999960032L},
    {0.9, 12, 0.717570463518999916384L},
    {0.95, 24, 0.708010975661227624312L},
    {0.98, 45, 0.597122135726574790791L},
    {0.99, 10, 0.0956179249911955911266L},
    {0.99, 86, 0.578665777845231966108L},
    {0.999, 1, 0.00100000000000000088818L},
    {0.999, 10, 0.00995511979025179892212L},
    {0.999, 1000, 0.632304575229036282279L},
    {0.999, 1787, 0.832687857782710370794L},
    {0.999, 12345, 0.999995675338203974366L},
    {0.99999, 71292, 0.509791057068646022485L},
    {1 - 0x1p-20, 1, 9.53674316406250000000e-7L},
    {1 - 0x1p-20, 3999070, 0.977936092870428276595L},
    {1 - 0x1p-40, 1000000, 9.09494288183160937367e-7L},
    {1 - 0x1p-40, 1ULL << 40, 0.632120558828724970606L},
    {1 - 0x1p-53, 1, 1.11022302462515654042e-16L},
    {1 - 0x1p-53, 12345, 1.37057032389881659373e-12L},
    {1 - 0x1p-53, 1ULL << 40, 0.000122062862222558731906L},
    {1 - 0x1p-53, (1ULL << 53) - 1, 0.632120558828557657983L},
    {1 - 0x1p-53, 1ULL << 53, 0.632120558828557698826L},
};

TEST(one_minus_power, is_correctly_rounded) {
  for (const power_case& c : power_cases) {
    const double got = gradstep::internal::one_minus_power(c.base, c.exponent);
    const double ulp = std::ldexp(1, std::ilogb(got) - 52);
    const auto error = static_cast<double>(std::abs(got - c.one_minus_power) / ulp);
    EXPECT_LE(error, 0.501) << "ulp: 1 - " << c.base << "^" << c.exponent;
  }
}

/// The arithmetic of the oracle for float64 tensors.
TEST(one_minus_power, in_long_double) {
  constexpr double epsilon = std::numeric_limits<long double>::epsilon();
  for (const power_case& c : power_cases) {
    const long double base = c.base;
    const long double got = gradstep::internal::one_minus_power(base, c.exponent);
    const auto error = static_cast<double>(std::abs(got / c.one_minus_power - 1));
    EXPECT_LE(error, std::max(4 * epsilon, 1e-20)) << "1 - " << c.base << "^" << c.exponent;
  }
}

}  // namespace
}  // namespace gradstep_test
