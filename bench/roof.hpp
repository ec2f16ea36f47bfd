// SPDX-License-Identifier: Apache-2.0
//
// The roof: the least time in which this machine moves a step's bytes without arithmetic. It uses
// the step's own arrays, in place, and as many threads. If the step first reads all gradients, the
// roof does too.
#pragma once

#include <cstddef>
#include <vector>

#include "bench_team.hpp"
#include "interleave.hpp"
#include "traffic.hpp"

namespace bench {

using roof = contender;

/// All loops, each with all ways to share the work among the threads.
std::vector<roof> roof_variants(const traffic& t, team& threads);

/// Runs the variants in turns. Returns their indices, the fastest first.
std::vector<std::size_t> rank_roofs(const std::vector<roof>& variants, const turn_limits& limits);

}  // namespace bench
