// SPDX-License-Identifier: Apache-2.0
//
// The roof: the least time in which this machine moves a step's bytes, in place, on the very arrays
// of the step and with its threads.
#pragma once

#include <cstddef>
#include <vector>

#include "interleave.hpp"
#include "team.hpp"

namespace bench {

/// The arrays of a step as bytes: those it writes, then the one it only reads.
struct streams {
  std::vector<std::byte*> arrays;
  std::size_t bytes;  // of each
};

using roof = contender;

/// Every loop with every way of sharing the work among the threads.
std::vector<roof> roof_variants(const streams& s, team& threads);

/// The variants' indices from the fastest to the slowest: they run in turns.
std::vector<std::size_t> rank_roofs(const std::vector<roof>& variants, const turn_limits& limits);

}  // namespace bench
