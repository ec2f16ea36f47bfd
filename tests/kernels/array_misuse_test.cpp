// SPDX-License-Identifier: Apache-2.0
//
// Wrong arguments to the conversions of arrays, and how a slot is best stored.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/dtype_lists.hpp"
#include "support/sized_struct.hpp"
#include "support/stored_array.hpp"
#include "support/wrong_structs.hpp"

namespace gradstep_test {
namespace {

// ---- Conversions ------------------------------------------------------------------------------

class array_misuse : public testing::Test {
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

TEST_F(array_misuse, nulls) {
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

TEST_F(array_misuse, misaligned) {
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

TEST_F(array_misuse, structs) {
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

TEST_F(array_misuse, fields) {
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

TEST_F(array_misuse, reserved) {
  array.reserved = 3;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"array.reserved", "3"});
}

// ---- Storage of slots -------------------------------------------------------------------------

gradstep_storage_info storage_of(std::size_t slot, std::int32_t dtype, std::size_t count) {
  auto info = sized<gradstep_storage_info>();
  EXPECT_EQ(gradstep_slot_storage("adam", slot, dtype, count, &info), GRADSTEP_OK)
      << gradstep_last_error();
  return info;
}

TEST(slot_storage, sizes) {
  const struct {
    std::size_t slot;
    std::int32_t wanted;
    std::size_t count;
    std::int32_t dtype;
    std::size_t bytes, scale_count;
  } cases[] = {{0, GRADSTEP_FLOAT32, 5000, GRADSTEP_FLOAT32, 20000, 0},
               {0, GRADSTEP_BFLOAT16, 5, GRADSTEP_BFLOAT16, 10, 0},
               {1, GRADSTEP_FLOAT16, 5, GRADSTEP_FLOAT16, 10, 0},
               {0, GRADSTEP_FLOAT64, 5, GRADSTEP_FLOAT64, 40, 0},
               {0, GRADSTEP_SIGNED8, 4095, GRADSTEP_FLOAT32, 16380, 0},
               {0, GRADSTEP_SIGNED8, 4096, GRADSTEP_SIGNED8, 4096, 16},
               {0, GRADSTEP_UNSIGNED8, 4097, GRADSTEP_SIGNED8, 4097, 17},
               {1, GRADSTEP_SIGNED8, 4352, GRADSTEP_UNSIGNED8, 4352, 17},
               {2, GRADSTEP_UNSIGNED8, 4353, GRADSTEP_UNSIGNED8, 4353, 18},
               {1, GRADSTEP_UNSIGNED8, 0, GRADSTEP_FLOAT32, 0, 0}};
  for (const auto& [slot, wanted, count, dtype, bytes, scale_count] : cases) {
    SCOPED_TRACE(dtype_text(wanted) + ", count " + std::to_string(count));
    const auto info = storage_of(slot, wanted, count);
    EXPECT_EQ(info.dtype, dtype);
    EXPECT_EQ(info.bytes, bytes);
    EXPECT_EQ(info.scale_count, scale_count);
    EXPECT_EQ(info.reserved, 0);
  }
}

TEST(slot_storage, misuse) {
  check_filled_struct<gradstep_storage_info>(
      [](auto* info) { return gradstep_slot_storage("adam", 0, GRADSTEP_SIGNED8, 5000, info); });
  auto info = sized<gradstep_storage_info>();
  info.bytes = 77;
  const auto refuse = [&](const char* rule, std::size_t slot, std::int32_t dtype, std::size_t count,
                          gradstep_status status, const std::vector<std::string>& words) {
    expect_failure(gradstep_slot_storage(rule, slot, dtype, count, &info), status, words);
    EXPECT_EQ(info.bytes, 77U);
  };
  refuse("adan", 0, GRADSTEP_FLOAT32, 1, GRADSTEP_UNKNOWN_NAME, {"adan", "adam"});
  refuse(nullptr, 0, GRADSTEP_FLOAT32, 1, GRADSTEP_INVALID_ARGUMENT, {"rule_name"});
  refuse("adam", 3, GRADSTEP_FLOAT32, 1, GRADSTEP_OUT_OF_RANGE, {"index", "3"});
  for (const std::int32_t bad : {0, -1, 7, 99}) {
    refuse("adam", 0, bad, 1, GRADSTEP_INVALID_ARGUMENT, {"dtype", std::to_string(bad)});
  }
  refuse("adam", 0, GRADSTEP_FLOAT32, SIZE_MAX, GRADSTEP_OUT_OF_RANGE, {"count"});
}

TEST(slot_info, says_which_slots_are_never_negative) {
  const struct {
    const char* rule;
    std::size_t slot;
    std::int32_t is_non_negative;
  } cases[] = {{"adam", 0, 0}, {"adam", 1, 1}, {"adam", 2, 1}, {"sgd", 0, 0}, {"adagrad", 0, 1}};
  for (const auto& [rule, slot, is_non_negative] : cases) {
    auto info = sized<gradstep_slot_info>();
    ASSERT_EQ(gradstep_slot_describe(rule, slot, &info), GRADSTEP_OK);
    EXPECT_EQ(info.is_non_negative, is_non_negative) << rule << " " << info.name;
  }
}

}  // namespace
}  // namespace gradstep_test
