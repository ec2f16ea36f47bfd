// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace gradstep::internal {
namespace {

/// SplitMix64's output function (Steele, Lea & Flood 2014): a bijection that looks random.
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// The key that stands for `number` under `key`.
constexpr std::uint64_t derived_key(std::uint64_t key, std::uint64_t number) {
  return mix(key + (number + 1) * 0x9e3779b97f4a7c15);
}

/// A tensor's key in stochastic rounding, from the bytes of its name. Never 0.
constexpr std::uint64_t key_of_name(std::string_view name) {
  std::uint64_t key = 0;
  for (const char byte : name) key = derived_key(key, static_cast<unsigned char>(byte));
  return key != 0 ? key : 1;
}

}  // namespace
}  // namespace gradstep::internal
