// SPDX-License-Identifier: Apache-2.0
//
// What the tests of wrong arguments share.
#pragma once

#include <cstdio>

#include "support/support.hpp"

namespace gradstep_test {

inline constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
inline constexpr double infinite = std::numeric_limits<double>::infinity();

/// The call failed with this status, and its sentence has all of these words in it.
inline void expect_failure(gradstep_status got, gradstep_status wanted,
                           const std::vector<std::string>& words) {
  EXPECT_EQ(got, wanted) << gradstep_status_name(got) << " instead of "
                         << gradstep_status_name(wanted);
  if (got == GRADSTEP_OK) return;
  const std::string message = gradstep_last_error();
  for (const auto& word : words) {
    EXPECT_NE(message.find(word), std::string::npos) << '"' << message << "\" lacks " << word;
  }
}

inline std::string as_text(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

/// A struct of the C interface followed by bytes that this version does not know.
template <class Struct>
struct larger {
  Struct known{};
  unsigned char unknown[16] = {};

  larger() { known.struct_size = sizeof(Struct) + sizeof unknown; }
};

/// Sizes that no version of the struct has had.
inline constexpr std::size_t bad_sizes[] = {0, 1, 7, 4104, SIZE_MAX};

/// A struct that the library fills: refuses bad sizes untouched, writes nothing past struct_size.
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
  EXPECT_EQ(call(&info.known), GRADSTEP_OK) << gradstep_last_error();
  EXPECT_EQ(info.known.struct_size, sizeof info);
  for (const auto byte : info.unknown) EXPECT_EQ(byte, 0);
}

}  // namespace gradstep_test
