// SPDX-License-Identifier: Apache-2.0
//
// Widens every number of the 16-bit dtypes and narrows a dense sample of float32: by
// gradstep_array_read and gradstep_array_write, and by steps on every instruction set.
// conversions_nightly.cpp narrows all float32 numbers.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <bit>
#include <cfenv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <vector>

#include "kernels/conversion_check.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/rule_setup.hpp"
#include "support/storages.hpp"
#include "support/stored_array.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

// ---- Widening ---------------------------------------------------------------------------------

stored_array every_half(std::int32_t dtype, bool is_split = false) {
  stored_array all(dtype, 1U << 16, 0, is_split);
  for (std::uint32_t i = 0; i < 1U << 16; ++i) {
    all.data.write(i, static_cast<std::uint16_t>(i));
    if (is_split) all.extra->write(i, static_cast<std::uint16_t>(i * 40503));
  }
  return all;
}

TEST(widening, every_half_by_array_read) {
  for (const std::int32_t dtype : half_dtypes) {
    for (const bool is_split : {false, true}) {
      if (is_split && dtype != GRADSTEP_BFLOAT16) continue;
      auto all = every_half(dtype, is_split);
      std::vector<double> values(all.size());
      const auto view = all.view();
      ASSERT_EQ(gradstep_array_read(&view, values.size(), values.data()), GRADSTEP_OK)
          << gradstep_last_error();
      for (std::size_t i = 0; i < all.size(); ++i) expect_same_number(values[i], all.widen(i), i);
    }
  }
}

/// sgd with lr = 1 from p = 0: the new param is the negated gradient. 0 - 0 makes zeros positive.
TEST(widening, every_half_as_a_gradient) {
  const auto rule = make_rule("sgd", {{"lr", 1}});
  for (const auto& isa : available_isas()) {
    const auto context = make_serial_context(isa.c_str());
    for (const std::int32_t param : {GRADSTEP_FLOAT32, GRADSTEP_FLOAT64}) {
      for (const std::int32_t dtype : half_dtypes) {
        SCOPED_TRACE(isa + " " + dtype_text(dtype));
        std::vector<stored_parameter> list;
        list.emplace_back(rule.get(), "sgd", storage{.param = param, .grad = dtype, .slot = param},
                          1U << 16);
        list[0].param.narrow(std::vector<double>(1U << 16, 0));
        list[0].grad = every_half(dtype);
        apply_stored(context.get(), rule.get(), list, apply_options(0));
        for (std::size_t i = 0; i < list[0].size(); ++i) {
          expect_same_number(list[0].param.widen(i), 0 - list[0].grad.widen(i), i);
        }
      }
    }
  }
}

/// sgd with lr = 0: the copy is the old param. Adding 0 makes zeros positive.
TEST(widening, every_half_as_a_param) {
  const auto rule = make_rule("sgd", {{"lr", 0}});
  for (const auto& isa : available_isas()) {
    const auto context = make_serial_context(isa.c_str());
    for (const std::int32_t dtype : half_dtypes) {
      for (const bool is_split : {false, true}) {
        if (is_split && dtype != GRADSTEP_BFLOAT16) continue;
        SCOPED_TRACE(isa + " " + dtype_text(dtype));
        std::vector<stored_parameter> list;
        list.emplace_back(rule.get(), "sgd",
                          storage{.param = dtype, .copy = GRADSTEP_FLOAT32, .is_split = is_split},
                          1U << 16);
        auto all = every_half(dtype, is_split);
        list[0].param = all;
        apply_stored(context.get(), rule.get(), list, apply_options(0));
        for (std::size_t i = 0; i < list[0].size(); ++i) {
          expect_same_number(list[0].copy->widen(i), all.widen(i) + 0.0, i);
          expect_same_number(list[0].param.widen(i), all.widen(i) + 0.0, i);
        }
      }
    }
  }
}

// ---- Narrowing --------------------------------------------------------------------------------

TEST(narrowing, every_upper_half_with_lower_halves_around_the_ties) {
  // Ties of bfloat16 have lower halves of 0x8000; those of float16 have other bits.
  std::vector<std::uint32_t> lower_halves = {0,      1,      2,      0x7ffe, 0x7fff,
                                             0x8000, 0x8001, 0xfffe, 0xffff, 0x5a5a};
  for (int bit = 2; bit < 15; ++bit) {
    for (const std::uint32_t near : {0U, 1U, 2U}) lower_halves.push_back((1U << bit) - 1 + near);
  }
  narrowing_check check;
  for (const std::uint32_t lower : lower_halves) {
    std::vector<std::uint32_t> patterns(1U << 16);
    for (std::uint32_t i = 0; i < 1U << 16; ++i) patterns[i] = i << 16 | lower;
    check.run(patterns);
    if (HasFailure()) return;
  }
}

/// A float64 is rounded to float32 first, then to the dtype.
TEST(narrowing, of_float64_goes_through_float32) {
  const std::vector<double> values = {1 + 0x1p-8 + 0x1p-40,
                                      1 + 0x1p-8,
                                      1 + 3 * 0x1p-8,
                                      1e39,
                                      -1e39,
                                      1e-50,
                                      0x1.fefffffffp0,
                                      0x1p-133,
                                      -0.0};
  for (const std::int32_t dtype : copy_dtypes) {
    stored_array got(dtype, values.size()), wanted(dtype, values.size());
    const auto view = got.view();
    ASSERT_EQ(gradstep_array_write(&view, values.size(), values.data()), GRADSTEP_OK);
    wanted.narrow(values);
    for (std::size_t i = 0; i < values.size(); ++i) {
      EXPECT_EQ(got.bits(i), wanted.bits(i)) << values[i];
    }
  }
}

TEST(narrowing, float64_arrays_are_exact) {
  stored_array array(GRADSTEP_FLOAT64, 1000);
  std::vector<double> values(1000), back(1000);
  for (std::size_t i = 0; i < 1000; ++i) values[i] = random_value(1, i) * 1e-300;
  const auto view = array.view();
  ASSERT_EQ(gradstep_array_write(&view, values.size(), values.data()), GRADSTEP_OK);
  ASSERT_EQ(gradstep_array_read(&view, back.size(), back.data()), GRADSTEP_OK);
  EXPECT_EQ(back, values);
}

/// Upper and lower halves together hold every float32.
TEST(narrowing, split_arrays_hold_float32) {
  stored_array array(GRADSTEP_BFLOAT16, 70'000, 0, true);
  std::vector<double> values(array.size()), back(array.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = std::bit_cast<float>(static_cast<std::uint32_t>(i * 2654435761U) & 0xff7fffffU);
  }
  const auto view = array.view();
  ASSERT_EQ(gradstep_array_write(&view, values.size(), values.data()), GRADSTEP_OK);
  ASSERT_EQ(gradstep_array_read(&view, back.size(), back.data()), GRADSTEP_OK);
  EXPECT_EQ(std::memcmp(back.data(), values.data(), values.size() * sizeof(double)), 0);
}

TEST(narrowing, ignores_the_rounding_mode_of_the_host) {
  std::vector<double> values(1000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = std::abs(random_value(1, i));
  std::vector<std::int32_t> dtypes = {GRADSTEP_FLOAT32, GRADSTEP_S1E4M3_B256, GRADSTEP_E5M3_B256};
  dtypes.insert(dtypes.end(), std::begin(half_dtypes), std::end(half_dtypes));
  for (const std::int32_t dtype : dtypes) {
    stored_array wanted(dtype, values.size());
    wanted.narrow(values);
    for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
      stored_array got(dtype, values.size());
      const auto view = got.view();
      std::fesetround(mode);
      const auto status = gradstep_array_write(&view, values.size(), values.data());
      const int mode_after = std::fegetround();
      std::fesetround(FE_TONEAREST);
      EXPECT_EQ(status, GRADSTEP_OK);
      EXPECT_EQ(mode_after, mode);
      for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(got.bits(i), wanted.bits(i)) << i;
    }
  }
}

}  // namespace
}  // namespace gradstep_test
