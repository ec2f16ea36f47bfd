// SPDX-License-Identifier: Apache-2.0
#include "bandwidth.hpp"

#include <algorithm>
#include <cstring>
#include <map>

#include "bench_team.hpp"
#include "move_runs.hpp"
#include "reused_arrays.hpp"

namespace bench {
namespace {

constexpr std::size_t grain = std::size_t{1} << 20;  // bytes: of a task in memory
constexpr double task_bytes = 1 << 22;               // in cache, a task moves its array so often

/// Moves every byte of four arrays once, a run of each in turn, in pieces that all threads share:
/// memory is faster with several streams than with one.
contender memory_mover(const run_style& style, std::byte* data, std::size_t bytes, team& threads) {
  pass streams;
  for (std::size_t i = 0; i < 4; ++i) {
    streams.push_back(
        {"", data + i * (bytes / 4), sizeof(float) * block_elements, access::read_and_write});
  }
  return {"", [=, &threads] {
            threads.run_pieces(
                bytes / 4 / sizeof(float), grain / sizeof(float),
                [&](std::size_t begin, std::size_t end) { move_runs(streams, style, begin, end); });
          }};
}

/// Each thread moves its own array again and again.
struct cache_mover {
  run_style style;
  std::vector<std::byte*> arrays;  // of each thread
  std::size_t bytes;               // of an array
  team* threads;

  std::size_t repeats() const {
    return std::max<std::size_t>(1, static_cast<std::size_t>(task_bytes) / bytes);
  }
  std::size_t tasks() const { return threads->thread_count() == 1 ? 1 : 8 * arrays.size(); }
  std::size_t bytes_of_call() const { return tasks() * repeats() * bytes; }
  void operator()() const {
    threads->run_tasks(tasks(), [this](std::size_t, std::size_t thread) {
      for (std::size_t i = 0; i < repeats(); ++i) style.read_and_write(arrays[thread], bytes);
    });
  }
};

/// The fastest of the contenders, each of which reads and writes so many bytes.
estimate fastest(const std::vector<contender>& contenders, std::size_t bytes) {
  const turns times = take_turns(contenders, {0.15, 1e-3, 5});
  std::size_t best = 0;
  for (std::size_t i = 1; i < contenders.size(); ++i) {
    if (times.median_seconds(i) < times.median_seconds(best)) best = i;
  }
  std::vector<double> speeds = times.seconds(best);
  for (double& s : speeds) s = 2 * static_cast<double>(bytes) / s / 1e9;
  return estimate_median(std::move(speeds));
}

void touch_all(std::byte* data, std::size_t bytes, team& threads) {
  threads.run_parts(bytes, grain, [=](std::size_t begin, std::size_t end) {
    std::memset(data + begin, 0, end - begin);
  });
}

estimate in_memory(const machine& m, team& threads, arrays& memory) {
  std::size_t bytes = std::size_t{512} << 20;
  for (const cache& c : m.caches) bytes = std::max(bytes, 4 * capacity(c, m.thread_count));
  bytes = bytes / (4 * grain) * (4 * grain);
  std::byte* const data = memory.at(0, bytes);
  touch_all(data, bytes, threads);
  std::vector<contender> contenders;
  for (const run_style& style : run_styles({})) {
    contenders.push_back(memory_mover(style, data, bytes, threads));
  }
  return fastest(contenders, bytes);
}

estimate in_cache(std::size_t bytes, team& threads, std::map<std::size_t, arrays>& memory) {
  std::vector<std::byte*> own;
  for (std::size_t i = 0; i < threads.thread_count(); ++i) {
    own.push_back(memory[i].at(0, bytes));
    std::memset(own.back(), 0, bytes);
  }
  std::vector<contender> contenders;
  std::size_t bytes_of_call = 0;
  for (const run_style& style : run_styles({})) {
    const cache_mover mover{style, own, bytes, &threads};
    bytes_of_call = mover.bytes_of_call();
    contenders.push_back({"", mover});
  }
  return fastest(contenders, bytes_of_call);
}

}  // namespace

std::vector<bandwidth> measure_bandwidth(const machine& m,
                                         const std::vector<std::size_t>& thread_counts) {
  std::vector<bandwidth> found;
  arrays memory;
  std::map<std::size_t, arrays> own_memory;
  for (const std::size_t count : thread_counts) {
    team threads(count);
    for (const cache& c : m.caches) {
      const std::size_t share = capacity(c, count) / count / 2 / 4096 * 4096;
      if (share == 0) continue;
      found.push_back({level_name(c), count, in_cache(share, threads, own_memory)});
    }
    found.push_back({"memory", count, in_memory(m, threads, memory)});
  }
  return found;
}

}  // namespace bench
