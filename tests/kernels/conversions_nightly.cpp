// SPDX-License-Identifier: Apache-2.0
//
// Narrows all 2^32 float32 numbers to every 16-bit dtype, by a step on every instruction set and by
// gradstep_array_write. Takes some minutes: `ctest -C nightly` runs it.
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "kernels/conversion_check.hpp"

namespace gradstep_test {
namespace {

TEST(narrowing_nightly, of_every_float32) {
  constexpr std::uint64_t chunk = std::uint64_t{1} << 20;
  narrowing_check check;
  std::vector<std::uint32_t> patterns(chunk);
  for (std::uint64_t first = 0; first < std::uint64_t{1} << 32; first += chunk) {
    for (std::uint64_t i = 0; i < chunk; ++i) patterns[i] = static_cast<std::uint32_t>(first + i);
    check.run(patterns);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace gradstep_test
