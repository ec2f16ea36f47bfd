// SPDX-License-Identifier: Apache-2.0
#include "student_t.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace {

struct known_quantile {
  double confidence;
  double degrees;
  double t;
};

// From printed tables of the distribution.
constexpr known_quantile table[] = {{0.95, 1, 12.706},  {0.99, 1, 63.657},   {0.95, 2, 4.303},
                                    {0.99, 2, 9.925},   {0.999, 2, 31.599},  {0.99, 3, 5.841},
                                    {0.99, 4, 4.604},   {0.99, 6, 3.707},    {0.95, 10, 2.228},
                                    {0.99, 12, 3.055},  {0.99, 30, 2.750},   {0.5, 5, 0.7267},
                                    {0.99, 120, 2.617}, {0.999, 120, 3.373}, {0.99, 1000, 2.5808}};

TEST(student_t, has_the_tables_values) {
  for (const auto& [confidence, degrees, t] : table) {
    EXPECT_NEAR(bench::two_sided_t(confidence, degrees), t, 5e-4 * t)
        << confidence << ", " << degrees << " degrees";
  }
}

TEST(student_t, many_degrees_are_nearly_the_normal_distribution) {
  for (const double degrees : {1000.0, 1e6, 1e300, HUGE_VAL}) {
    EXPECT_NEAR(bench::two_sided_t(0.99, degrees), 2.5758, 0.003 * 2.5758);
    EXPECT_NEAR(bench::two_sided_t(0.95, degrees), 1.95996, 0.003 * 1.95996);
  }
}

TEST(student_t, degrees_need_not_be_whole) {
  EXPECT_LT(bench::two_sided_t(0.99, 4.5), bench::two_sided_t(0.99, 4));
  EXPECT_GT(bench::two_sided_t(0.99, 4.5), bench::two_sided_t(0.99, 5));
}

}  // namespace
