// SPDX-License-Identifier: Apache-2.0
#include "roof.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "move_runs.hpp"

namespace bench {
namespace {

constexpr std::size_t piece = 65536;       // elements, the size of a large step's piece
constexpr std::size_t small = 4 * piece;   // elements
constexpr std::size_t granularity = 4096;  // elements: whole runs of every style

/// A loop over the elements [begin, end) of one of the passes.
struct range_loop {
  std::string name;
  std::function<void(std::size_t pass, std::size_t begin, std::size_t end)> move;
};

/// Whether strips can move them: elements of equal size, all arrays read and written, except
/// that the last is only read.
bool is_alike(const pass& p) {
  const auto is_written = [&p](const stream& s) {
    return s.mode == access::read_and_write && s.block_bytes == p.back().block_bytes;
  };
  return p.size() > 1 && p.back().mode == access::read && p.back().block_bytes % 1024 == 0 &&
         std::all_of(p.begin(), p.end() - 1, is_written);
}

std::vector<range_loop> strip_loops(const pass& p) {
  std::vector<std::byte*> arrays;
  for (const stream& s : p) arrays.push_back(s.data);
  const std::size_t written = p.size() - 1, bytes = p.back().block_bytes / block_elements;
  if (written > most_written_streams) {
    throw std::out_of_range("a step that writes " + std::to_string(written) +
                            " arrays: raise most_written_streams");
  }
  std::vector<range_loop> loops;
  for (std::size_t i = 0; i < strip_count; ++i) {
    const strip_loop& strip = best_loops().strips[i];
    const move_function move = strip.moves[written - 1];
    loops.push_back(
        {std::to_string(strip.vector_bytes) + "-byte vectors x" + std::to_string(strip.unroll),
         [=](std::size_t, std::size_t begin, std::size_t end) {
           move(arrays.data(), begin * bytes, end * bytes);
         }});
  }
  return loops;
}

std::vector<range_loop> run_loops(const std::vector<pass>& passes) {
  std::vector<range_loop> loops;
  for (const run_style& style : run_styles(passes.back())) {
    loops.push_back({name_of(style), [=](std::size_t index, std::size_t begin, std::size_t end) {
                       move_runs(passes[index], style, begin, end);
                     }});
  }
  return loops;
}

std::vector<range_loop> loops_of(const traffic& t) {
  std::vector<range_loop> loops = run_loops(t.passes);
  if (t.passes.size() == 1 && is_alike(t.passes.front())) {
    for (range_loop& loop : strip_loops(t.passes.front())) loops.push_back(std::move(loop));
  }
  return loops;
}

}  // namespace

std::vector<roof> roof_variants(const traffic& t, team& threads) {
  std::vector<roof> variants;
  const std::size_t passes = t.passes.size(), count = t.count;
  for (range_loop& made : loops_of(t)) {
    const auto loop = std::make_shared<const range_loop>(std::move(made));  // a call copies nothing
    // For small arrays one thread may be the fastest, because waking another takes long.
    if (threads.thread_count() == 1 || count <= small) {
      variants.push_back({loop->name, [=] {
                            for (std::size_t p = 0; p < passes; ++p) loop->move(p, 0, count);
                          }});
    }
    if (threads.thread_count() == 1) continue;
    const auto work = [loop](std::size_t p) {
      return [loop, p](std::size_t begin, std::size_t end) { loop->move(p, begin, end); };
    };
    variants.push_back({loop->name + ", halves", [=, &threads] {
                          for (std::size_t p = 0; p < passes; ++p) {
                            threads.run_parts(count, granularity, work(p));
                          }
                        }});
    variants.push_back({loop->name + ", pieces", [=, &threads] {
                          for (std::size_t p = 0; p < passes; ++p) {
                            threads.run_pieces(count, piece, work(p));
                          }
                        }});
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
