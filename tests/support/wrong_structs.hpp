// SPDX-License-Identifier: Apache-2.0
//
// Structs of the C interface with sizes that a caller may have got wrong.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

#include "support/comparison.hpp"

namespace gradstep_test {

/// The number as the library's sentences write it.
inline std::string as_text(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

/// A struct of the C interface, and fields that later versions have added. The tests also run with
/// a library that is later than they are (abi/grown_library.sh): it knows some of the fields.
template <class Struct>
struct larger {
  Struct known{};
  unsigned char known_later[48] = {};
  unsigned char unknown[16] = {};

  larger() { known.struct_size = sizeof(larger); }
};

/// Sizes that no version of a struct has.
inline constexpr std::size_t bad_sizes[] = {0, 1, 7, 4104, SIZE_MAX};

/// Tests a call that fills a struct. With a wrong struct_size the call fails and writes nothing.
/// With a larger one it zeroes the fields that this version does not know.
template <class Struct, class Call>
void check_filled_struct(Call call) {
  expect_failure(call(static_cast<Struct*>(nullptr)), GRADSTEP_INVALID_ARGUMENT, {});
  for (const std::size_t size : bad_sizes) {
    Struct info;
    std::memset(&info, 0x5A, sizeof info);
    info.struct_size = size;
    const Struct before = info;
    expect_failure(call(&info), GRADSTEP_INVALID_ARGUMENT, {"struct_size"});
    // Every byte, padding too. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
    EXPECT_EQ(std::memcmp(&info, &before, sizeof info), 0);
  }
  larger<Struct> info;
  std::memset(info.unknown, 0x5A, sizeof info.unknown);
  expect_ok(call(&info.known));
  EXPECT_EQ(info.known.struct_size, sizeof info);
  for (const auto byte : info.unknown) EXPECT_EQ(byte, 0);
}

}  // namespace gradstep_test
