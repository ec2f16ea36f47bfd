// SPDX-License-Identifier: Apache-2.0
//
// The roof: the least time in which this machine moves a step's bytes, in place, on the very arrays
// of the step and with its threads. Where the step reads its gradients first, so does the roof.
#pragma once

#include <cstddef>
#include <vector>

#include "bench_team.hpp"
#include "interleave.hpp"
#include "traffic.hpp"

namespace bench {

using roof = contender;

/// Every loop with every way of sharing the work among the threads.
std::vector<roof> roof_variants(const traffic& t, team& threads);

/// The variants' indices from the fastest to the slowest: they run in turns.
std::vector<std::size_t> rank_roofs(const std::vector<roof>& variants, const turn_limits& limits);

}  // namespace bench
