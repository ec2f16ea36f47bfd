// SPDX-License-Identifier: Apache-2.0
//
// Loops that are compiled once for each instruction set, and a table of them. A program that is
// installed runs on other CPUs than the one that built it, so it chooses while it runs.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../baselines.hpp"

namespace bench {

inline constexpr std::size_t most_written_streams = 10;

/// Moves bytes [begin, end) of all streams: streams 0 to written - 1 are read and written back
/// unchanged, and stream number `written` is only read.
using move_function = void (*)(std::byte* const* streams, std::size_t begin, std::size_t end);

/// Moves the bytes of equally wide arrays in strips.
struct strip_loop {
  std::size_t vector_bytes, unroll;
  move_function moves[most_written_streams];  // for 1 written stream, for 2, ...
};

/// Reads, writes, or reads and writes `bytes` bytes in place.
using run_function = void (*)(std::byte* at, std::size_t bytes);

/// Moves a run of bytes of one array, before a run of the next array.
struct run_style {
  std::size_t vector_bytes;
  std::size_t elements;  // of a run
  bool is_past_caches;   // stores that do not read the line first; for arrays that are only written
  run_function read, write, read_and_write;
};

/// A careful programmer's loops: one pass over the arrays, with the widest vectors.
struct careful_loops {
  void (*adamw)(const adamw_constants& c, float* p, const float* g, float* m, float* v,
                std::size_t count);
  /// g <- scale g. True if all results are finite.
  bool (*unscale_and_check)(float* g, float scale, std::size_t count);
  double (*sum_of_squares)(const float* g, std::size_t count);
  /// g <- factor g.
  void (*scale_by)(float* g, float factor, std::size_t count);
  /// Rounds to nearest even; a NaN stays a NaN.
  void (*copy_to_bfloat16)(const float* p, std::uint16_t* copy, std::size_t count);
  /// a <- a + weight (p - a).
  void (*move_average)(float* a, const float* p, float weight, std::size_t count);
};

/// All loops of an instruction set.
struct level_loops {
  const strip_loop* strips;  // three
  const run_style* runs;     // six
  careful_loops careful;
};
inline constexpr std::size_t strip_count = 3, run_count = 6;

/// Those of the highest instruction set that the CPU has.
const level_loops& best_loops();

}  // namespace bench
