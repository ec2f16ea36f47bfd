// SPDX-License-Identifier: Apache-2.0
#include "roof.hpp"

#include <algorithm>
#include <numeric>

#include "roof_loops.hpp"

namespace bench {
namespace {

constexpr std::size_t granularity = 256;  // bytes: whole strips of every loop
constexpr std::size_t piece =
    std::size_t{256} * 1024;  // bytes of each array, the size of a large step's piece
constexpr std::size_t small = std::size_t{1024} * 1024;  // bytes of each array

}  // namespace

std::vector<roof> roof_variants(const streams& s, team& threads) {
  std::vector<roof> variants;
  for (const roof_loop& loop : roof_loops(s.arrays.size() - 1)) {
    const auto move = [s, loop](std::size_t begin, std::size_t end) {
      loop.move(s.arrays.data(), begin, end);
    };
    // One thread can be the fastest only where waking another takes long by comparison.
    if (threads.thread_count() == 1 || s.bytes <= small) {
      variants.push_back({loop.name, [move, s] { move(0, s.bytes); }});
    }
    if (threads.thread_count() == 1) continue;
    variants.push_back({loop.name + ", halves",
                        [move, s, &threads] { threads.run_parts(s.bytes, granularity, move); }});
    variants.push_back({loop.name + ", pieces",
                        [move, s, &threads] { threads.run_pieces(s.bytes, piece, move); }});
  }
  return variants;
}

std::vector<std::size_t> rank_roofs(const std::vector<roof>& variants, const turn_limits& limits) {
  const turns times = take_turns(variants, limits);
  std::vector<std::size_t> ranked(variants.size());
  std::iota(ranked.begin(), ranked.end(), std::size_t{0});
  std::sort(ranked.begin(), ranked.end(), [&](std::size_t a, std::size_t b) {
    return times.ratio(a, 0).median < times.ratio(b, 0).median;
  });
  return ranked;
}

}  // namespace bench
