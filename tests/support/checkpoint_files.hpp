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

/// The checkpoint, saved into memory.
inline std::string bytes_of_checkpoint(const gradstep_optimizer* optimizer,
                                       std::uint64_t flags = with_params) {
  auto options = sized<gradstep_save_options>();
  options.flags = flags;
  std::uint64_t size = 0;
  expect_ok(gradstep_optimizer_save_to(optimizer, &options, &size));
  std::string bytes(size, '\0');
  options.memory = bytes.data();
  options.memory_size = bytes.size();
  expect_ok(gradstep_optimizer_save_to(optimizer, &options, &size));
  EXPECT_EQ(size, bytes.size());
  return bytes;
}

/// Options of a load from these bytes, which stay in place.
inline gradstep_load_options load_options(const std::string& bytes,
                                          std::uint64_t flags = with_params) {
  auto options = sized<gradstep_load_options>();
  options.flags = flags;
  options.memory = bytes.data();
  options.memory_size = bytes.size();
  return options;
}

/// Expects equal strings. The message names the first byte that differs.
inline void expect_same_bytes(const std::string& got, const std::string& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  const auto at = std::mismatch(got.begin(), got.end(), wanted.begin()).first;
  EXPECT_TRUE(at == got.end()) << "byte " << at - got.begin() << " of " << got.size();
}

}  // namespace gradstep_test
