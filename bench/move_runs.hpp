// SPDX-License-Identifier: Apache-2.0
//
// Moves arrays whose elements are not of one width: a run of bytes of each in turn.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "traffic.hpp"

namespace bench {

/// Moves `bytes` bytes in place.
using run_function = void (*)(std::byte* at, std::size_t bytes);

/// A way to move runs.
struct run_style {
  std::string name;      // "64-byte vectors, runs of 256"
  std::size_t elements;  // of one array before the next
  run_function read, write, read_and_write;
};

/// The styles to choose the fastest from: the widest vectors and the next narrower ones, short runs
/// and long ones, and, where an array is only written, stores that go past the caches.
std::vector<run_style> run_styles(const pass& p);

/// Elements [begin, end) of every array of the pass; begin is a multiple of block_elements.
void move_runs(const pass& p, const run_style& style, std::size_t begin, std::size_t end);

}  // namespace bench
