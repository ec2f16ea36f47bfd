// SPDX-License-Identifier: Apache-2.0
//
// Wrong arguments of gradstep_array_read and gradstep_array_write: each gives its status and a
// sentence that names the argument, and changes nothing.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/sized_struct.hpp"
#include "support/stored_array.hpp"
#include "support/wrong_structs.hpp"

namespace gradstep_test {
namespace {

class conversion_misuse : public testing::Test {
 protected:
  void expect_refused(gradstep_status status, const std::vector<std::string>& words) {
    expect_refused(&array, values.data(), status, words);
    array = stored.view();
  }
  void expect_refused(const gradstep_array* of, double* numbers, gradstep_status status,
                      const std::vector<std::string>& words) {
    const auto before = bits();
    expect_failure(gradstep_array_read(of, numbers), status, words);
    expect_failure(gradstep_array_write(of, numbers), status, words);
    EXPECT_EQ(bits(), before);
    EXPECT_EQ(values, std::vector<double>(300, 0.5));
  }
  std::vector<std::uint64_t> bits() const {
    std::vector<std::uint64_t> all;
    for (std::size_t i = 0; i < stored.size(); ++i) all.push_back(stored.bits(i));
    return all;
  }

  stored_array stored{GRADSTEP_SIGNED8, 300};
  gradstep_array array = stored.view();
  std::vector<double> values = std::vector<double>(300, 0.5);
};

TEST_F(conversion_misuse, nulls) {
  constexpr auto invalid = GRADSTEP_INVALID_ARGUMENT;
  expect_refused(nullptr, values.data(), invalid, {"array"});
  expect_refused(&array, nullptr, invalid, {"values"});
  array.data = nullptr;
  expect_refused(invalid, {"array.data"});
  array.extra = nullptr;
  expect_refused(invalid, {"array.extra", "256"});
  auto empty = sized<gradstep_array>();
  empty.dtype = GRADSTEP_SIGNED8;
  EXPECT_EQ(gradstep_array_read(&empty, nullptr), GRADSTEP_OK) << gradstep_last_error();
  EXPECT_EQ(gradstep_array_write(&empty, nullptr), GRADSTEP_OK) << gradstep_last_error();
}

TEST_F(conversion_misuse, misaligned) {
  constexpr auto invalid = GRADSTEP_INVALID_ARGUMENT;
  array.extra = static_cast<char*>(array.extra) + 1;
  expect_refused(invalid, {"array.extra", "align"});
  array.dtype = GRADSTEP_FLOAT32;
  array.extra = nullptr;
  array.data = static_cast<char*>(array.data) + 2;
  expect_refused(invalid, {"array.data", "align"});
  auto* const shifted = reinterpret_cast<char*>(values.data()) + 4;
  expect_refused(&array, reinterpret_cast<double*>(shifted), invalid, {"values", "align"});
}

TEST_F(conversion_misuse, structs) {
  for (const std::size_t size : bad_sizes) {
    array.struct_size = size;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"struct_size"});
  }
  larger<gradstep_array> bigger;
  bigger.known = array;
  bigger.known.struct_size = sizeof bigger;
  bigger.unknown[2] = 1;
  expect_refused(&bigger.known, values.data(), GRADSTEP_INVALID_ARGUMENT, {"array"});
  bigger.unknown[2] = 0;
  EXPECT_EQ(gradstep_array_write(&bigger.known, values.data()), GRADSTEP_OK);
}

TEST_F(conversion_misuse, fields) {
  for (const std::int32_t bad : {0, -1, 7, 32, 99}) {
    array.dtype = bad;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"array.dtype", std::to_string(bad), "FLOAT32"});
  }
  for (const std::int32_t dtype : {GRADSTEP_FLOAT32, GRADSTEP_FLOAT64}) {
    array.dtype = dtype;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"array.extra"});
  }
  for (const std::size_t huge : {SIZE_MAX, SIZE_MAX / 8}) {
    array.count = huge;
    expect_refused(GRADSTEP_OUT_OF_RANGE, {"array.count", std::to_string(huge)});
  }
}

TEST_F(conversion_misuse, reserved) {
  array.reserved = 3;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"array.reserved", "3"});
}

}  // namespace
}  // namespace gradstep_test
