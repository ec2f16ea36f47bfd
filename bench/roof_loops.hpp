// SPDX-License-Identifier: Apache-2.0
//
// Loops that move a step's bytes in place and compute nothing.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

inline constexpr std::size_t most_written_streams = 10;

/// Moves bytes [begin, end) of every stream: streams [0, written) are read and written back as they
/// are, the one after them is read. begin and end are multiples of strip_bytes, or end is the
/// arrays' last byte and what is left of a strip is moved too.
using move_function = void (*)(std::byte* const* streams, std::size_t begin, std::size_t end);

struct roof_loop {
  std::string name;  // "64-byte vectors x4"
  move_function move;
};

/// The variants to choose the fastest from: the widest vectors and the next narrower ones, little
/// and much unrolled. `written` is 1 to most_written_streams.
std::vector<roof_loop> roof_loops(std::size_t written);

}  // namespace bench
