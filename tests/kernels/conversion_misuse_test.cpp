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
    expect_refused(&array, count, values.data(), status, words);
    array = stored.view();
    count = 300;
  }
  void expect_refused(const gradstep_array* of, std::size_t elements, double* numbers,
                      gradstep_status status, const std::vector<std::string>& words) {
    const auto before = bits();
    expect_failure(gradstep_array_read(of, elements, numbers), status, words);
    expect_failure(gradstep_array_write(of, elements, numbers), status, words);
    EXPECT_EQ(bits(), before);
    EXPECT_EQ(values, std::vector<double>(300, 0.5));
  }
  std::vector<std::uint64_t> bits() const {
    std::vector<std::uint64_t> all;
    for (std::size_t i = 0; i < stored.size(); ++i) all.push_back(stored.bits(i));
    return all;
  }

  stored_array stored{GRADSTEP_S1E4M3_B256, 300};
  gradstep_array array = stored.view();
  std::size_t count = 300;
  std::vector<double> values = std::vector<double>(300, 0.5);
};

TEST_F(conversion_misuse, nulls) {
  constexpr auto invalid = GRADSTEP_INVALID_ARGUMENT;
  expect_refused(nullptr, 300, values.data(), invalid, {"array"});
  expect_refused(&array, 300, nullptr, invalid, {"values"});
  array.data = nullptr;
  expect_refused(invalid, {"array.data"});
  array.extra = nullptr;
  expect_refused(invalid, {"array.extra", "256"});
  const auto empty = array_of(GRADSTEP_S1E4M3_B256, nullptr);
  EXPECT_EQ(gradstep_array_read(&empty, 0, nullptr), GRADSTEP_OK) << gradstep_last_error();
  EXPECT_EQ(gradstep_array_write(&empty, 0, nullptr), GRADSTEP_OK) << gradstep_last_error();
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
  expect_refused(&array, 300, reinterpret_cast<double*>(shifted), invalid, {"values", "align"});
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
    count = huge;
    expect_refused(GRADSTEP_OUT_OF_RANGE, {"count", std::to_string(huge)});
  }
}

TEST_F(conversion_misuse, fields_without_a_meaning) {
  array.flags = 3;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"array.flags = 0x3"});
  array.extra2 = values.data();
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"array.extra2 is set"});
  for (const std::int64_t pitch : {-1, 1, 300}) {
    array.pitch = pitch;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"array.pitch = " + std::to_string(pitch), "gaps"});
  }
}

}  // namespace
}  // namespace gradstep_test
