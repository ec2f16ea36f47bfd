// SPDX-License-Identifier: Apache-2.0
//
// Threads for the roof and the baselines: oneTBB's, so that they are the threads that the library's
// steps run on, and no second pool spins on a CPU meanwhile.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace bench {

class team {
 public:
  explicit team(std::size_t thread_count);
  ~team();

  std::size_t thread_count() const { return thread_count_; }

  using range_work = std::function<void(std::size_t begin, std::size_t end)>;

  /// Work on [0, count), one contiguous part for each thread, cut at multiples of `granularity`.
  void run_parts(std::size_t count, std::size_t granularity, const range_work& work);

  /// Work on [0, count) in pieces that threads claim from a counter, as a step does.
  void run_pieces(std::size_t count, std::size_t piece, const range_work& work);

 private:
  class arena;
  std::size_t thread_count_;
  std::unique_ptr<arena> arena_;  // null with one thread
};

}  // namespace bench
