// SPDX-License-Identifier: Apache-2.0
//
// Saving and loading an optimizer's checkpoint.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "support/comparison.hpp"
#include "support/optimizer_setup.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {

inline constexpr std::uint64_t with_params = GRADSTEP_CHECKPOINT_PARAMS;

inline void save(const optimizer_handle& optimizer, const std::string& path,
                 std::uint64_t flags = with_params) {
  expect_ok(gradstep_optimizer_save(optimizer.get(), path.c_str(), flags));
}

inline gradstep_load_result load(const optimizer_handle& optimizer, const std::string& path,
                                 std::uint64_t flags = with_params) {
  auto result = sized<gradstep_load_result>();
  expect_ok(gradstep_optimizer_load(optimizer.get(), path.c_str(), flags, &result));
  return result;
}

/// Expects equal strings. The message names the first byte that differs.
inline void expect_same_bytes(const std::string& got, const std::string& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  const auto at = std::mismatch(got.begin(), got.end(), wanted.begin()).first;
  EXPECT_TRUE(at == got.end()) << "byte " << at - got.begin() << " of " << got.size();
}

}  // namespace gradstep_test
