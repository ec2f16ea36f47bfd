// SPDX-License-Identifier: Apache-2.0
//
// Numbers for tests: special ones, and random ones that are the same on every machine.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace gradstep_test {

inline constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();
inline constexpr double infinite = std::numeric_limits<double>::infinity();

/// The n-th output of SplitMix64 with this key.
inline std::uint64_t splitmix(std::uint64_t key, std::uint64_t n) {
  std::uint64_t x = key + (n + 1) * 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// A number in [-2, 2), the same for the same arguments.
inline double random_value(std::uint64_t seed, std::uint64_t index) {
  const std::uint64_t bits = splitmix(0, seed * 0x100000001b3 + index);
  return std::ldexp(static_cast<double>(bits >> 11), -51) - 2;
}

/// A number of either sign whose magnitude lies between 2^-20 and 2^10, about evenly in the
/// logarithm.
inline double log_uniform_value(std::uint64_t seed, std::size_t index) {
  const double exponent = std::floor(7.5 * random_value(seed + 1'000'000, index)) - 5;
  return std::ldexp(random_value(seed, index), static_cast<int>(exponent));
}

/// As log_uniform_value, but one of 16 numbers is 0, and one of 64 a float32 denormal.
inline double varied_value(std::uint64_t seed, std::size_t index) {
  if (index % 16 == 5) return 0;
  if (index % 64 == 6) return 1e-41 * random_value(seed, index);
  return log_uniform_value(seed, index);
}

}  // namespace gradstep_test
