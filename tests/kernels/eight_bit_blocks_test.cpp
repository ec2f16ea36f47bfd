// SPDX-License-Identifier: Apache-2.0
//
// Blocks of 8-bit codes: every code read and written, scales, and numbers outside the range of the
// codes.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/conversion_check.hpp"
#include "support/dtype_lists.hpp"
#include "support/reference_8_bits.hpp"
#include "support/stored_array.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

TEST(eight_bit_blocks, every_code_is_read) {
  for (const std::int32_t dtype : blocked_dtypes) {
    for (const int exponent : {-95, -50, 0, 1, 100, 127}) {
      stored_array all(dtype, 256);
      all.extra->write(0, std::ldexp(1.0F, exponent));
      for (std::size_t i = 0; i < 256; ++i) {
        all.data.write(i, static_cast<std::uint8_t>(i));
      }
      std::vector<double> values(256);
      const auto view = all.view();
      ASSERT_EQ(gradstep_array_read(&view, values.size(), values.data()), GRADSTEP_OK);
      for (std::size_t i = 0; i < 256; ++i) expect_same_number(values[i], all.widen(i), i);
    }
  }
}

/// Every number that has a code is written as that code. -0 is written as 0.
TEST(eight_bit_blocks, codes_are_written_as_they_were_read) {
  for (const std::int32_t dtype : blocked_dtypes) {
    for (const int exponent : {-95, 0, 127}) {
      stored_array all(dtype, 256), back(dtype, 256);
      all.extra->write(0, std::ldexp(1.0F, exponent));
      for (std::size_t i = 0; i < 256; ++i) {
        const bool is_minus_zero = dtype == GRADSTEP_S1E4M3_B256 && i == 0x80;
        all.data.write(i, static_cast<std::uint8_t>(is_minus_zero ? 0 : i));
      }
      std::vector<double> values(256);
      const auto from = all.view(), to = back.view();
      ASSERT_EQ(gradstep_array_read(&from, values.size(), values.data()), GRADSTEP_OK);
      ASSERT_EQ(gradstep_array_write(&to, values.size(), values.data()), GRADSTEP_OK);
      for (std::size_t i = 0; i < 256; ++i) ASSERT_EQ(back.bits(i), all.bits(i)) << i;
    }
  }
}

TEST(eight_bit_blocks, minus_zero_is_zero) {
  for (const std::int32_t dtype : blocked_dtypes) {
    stored_array all(dtype, 4);
    const double values[] = {1, -0.0, 0.5, 0};
    double back[4];
    const auto view = all.view();
    ASSERT_EQ(gradstep_array_write(&view, 4, values), GRADSTEP_OK);
    ASSERT_EQ(gradstep_array_read(&view, 4, back), GRADSTEP_OK);
    EXPECT_NEAR(back[0], 1, 0.07);
    EXPECT_EQ(back[1], 0);
    EXPECT_NEAR(back[2], 0.5, 0.04);
    EXPECT_EQ(back[3], 0);
  }
}

/// One number below the least code of its block, among ordinary ones.
TEST(eight_bit_blocks, below_the_least_code) {
  for (const std::int32_t dtype : blocked_dtypes) {
    const float least = codes_of(dtype).value(1, 1);
    for (const double part : {0.0, 0.25, 0.5, 0.6, 0.75, 8.0 / 9, 1.0}) {
      stored_array got(dtype, 256), wanted(dtype, 256);
      std::vector<double> values(256, 1);
      values[77] = part * least;
      const auto view = got.view();
      ASSERT_EQ(gradstep_array_write(&view, values.size(), values.data()), GRADSTEP_OK);
      wanted.narrow(values);
      const bool is_up = dtype == GRADSTEP_E5M3_B256 ? part > 0 : part > 0.5;
      EXPECT_EQ(got.widen(77), is_up ? least : 0) << part;
      for (std::size_t i = 0; i < 256; ++i) ASSERT_EQ(got.bits(i), wanted.bits(i)) << i;
    }
  }
}

TEST(eight_bit_blocks, arrays_of_any_values_are_written_as_the_reference_does) {
  for (const std::int32_t dtype : blocked_dtypes) {
    for (const std::size_t count : {0U, 1U, 255U, 256U, 257U, 5000U}) {
      for (const double unit : {1e-45, 1e-42, 1e-38, 1e-20, 1.0, 1e20, 1e35, 8e37}) {
        stored_array got(dtype, count), wanted(dtype, count);
        std::vector<double> values(count);
        for (std::size_t i = 0; i < count; ++i) {
          values[i] = unit * varied_value(7, i) / 1024;
          if (dtype == GRADSTEP_E5M3_B256) values[i] = std::abs(values[i]);
        }
        const auto view = got.view();
        ASSERT_EQ(gradstep_array_write(&view, values.size(), values.data()), GRADSTEP_OK);
        wanted.narrow(values);
        for (std::size_t i = 0; i < count; ++i) {
          ASSERT_EQ(got.bits(i), wanted.bits(i)) << values[i] << " in a block of unit " << unit;
        }
      }
    }
  }
}

TEST(eight_bit_blocks, a_number_that_is_not_finite_makes_its_block_nan) {
  for (const std::int32_t dtype : blocked_dtypes) {
    for (const double special : {std::numeric_limits<double>::quiet_NaN(), 1e300, 3.4e38,
                                 std::numeric_limits<double>::infinity()}) {
      stored_array array(dtype, 700);
      std::vector<double> values(700, 1);
      values[300] = special;
      const auto view = array.view();
      ASSERT_EQ(gradstep_array_write(&view, values.size(), values.data()), GRADSTEP_OK);
      ASSERT_EQ(gradstep_array_read(&view, values.size(), values.data()), GRADSTEP_OK);
      for (std::size_t i = 0; i < 700; ++i) {
        ASSERT_EQ(std::isnan(values[i]), i >= 256 && i < 512) << i;
      }
    }
  }
}

}  // namespace
}  // namespace gradstep_test
