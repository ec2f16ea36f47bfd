// SPDX-License-Identifier: Apache-2.0
//
// Moves the bytes of arrays whose elements differ in width: a run of bytes of each array in turn.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "loops/level_loops.hpp"
#include "traffic.hpp"

namespace bench {

/// "64-byte vectors, runs of 256".
std::string name_of(const run_style& style);

/// The styles to choose the fastest from. Stores past the caches are among them if the pass only
/// writes some array.
std::vector<run_style> run_styles(const pass& p);

/// Moves elements [begin, end) of all arrays of the pass; begin is a multiple of block_elements.
void move_runs(const pass& p, const run_style& style, std::size_t begin, std::size_t end);

}  // namespace bench
