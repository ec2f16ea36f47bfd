// SPDX-License-Identifier: Apache-2.0
//
// Loops that move the bytes of equally wide arrays in place, without arithmetic.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

inline constexpr std::size_t most_written_streams = 10;

/// Moves bytes [begin, end) of all streams: streams 0 to written - 1 are read and written back
/// unchanged, and stream number `written` is only read.
using move_function = void (*)(std::byte* const* streams, std::size_t begin, std::size_t end);

struct roof_loop {
  std::string name;  // "64-byte vectors x4"
  move_function move;
};

/// The variants to choose the fastest from: the widest vectors and the next narrower ones, unrolled
/// once and four times. `written` is 1 to most_written_streams.
std::vector<roof_loop> roof_loops(std::size_t written);

}  // namespace bench
