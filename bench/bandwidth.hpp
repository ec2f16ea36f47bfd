// SPDX-License-Identifier: Apache-2.0
//
// How fast this machine moves bytes in place, by level of cache and number of threads.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "interleave.hpp"
#include "machine.hpp"

namespace bench {

struct bandwidth {
  std::string level;  // "L1", "L2", "L3", "memory"
  std::size_t threads;
  estimate gb_per_second;  // 10^9 bytes, half of them read and half written
};

/// Measures all levels with each of the numbers of threads; a fifth of a second or so for each. A
/// thread's bytes are half of its share of the level; in memory, all threads move 512 MiB, or four
/// times the last level if that is more.
std::vector<bandwidth> measure_bandwidth(const machine& m, const std::vector<std::size_t>& threads);

}  // namespace bench
