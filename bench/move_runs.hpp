// SPDX-License-Identifier: Apache-2.0
//
// Moves the bytes of arrays whose elements differ in width: a run of bytes of each array in turn.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "traffic.hpp"

namespace bench {

/// Reads, writes, or reads and writes `bytes` bytes in place.
using run_function = void (*)(std::byte* at, std::size_t bytes);

/// A way to move runs.
struct run_style {
  std::string name;      // "64-byte vectors, runs of 256"
  std::size_t elements;  // of one array, before the next array's run
  run_function read, write, read_and_write;
};

/// The styles to choose the fastest from: the widest vectors and the next narrower ones, short and
/// long runs, and, if the pass only writes some array, stores past the caches.
std::vector<run_style> run_styles(const pass& p);

/// Moves elements [begin, end) of all arrays of the pass; begin is a multiple of block_elements.
void move_runs(const pass& p, const run_style& style, std::size_t begin, std::size_t end);

}  // namespace bench
