// SPDX-License-Identifier: Apache-2.0
//
// Threads for the roof and the baselines. They are oneTBB's, so the library's steps run on the same
// threads, and no second pool spins on a CPU meanwhile.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace bench {

class team {
 public:
  /// With `is_pinned` each worker keeps to a CPU while it works, as the library's do with
  /// GRADSTEP_CONTEXT_PIN_THREADS.
  explicit team(std::size_t thread_count, bool is_pinned = false);
  ~team();

  std::size_t thread_count() const { return thread_count_; }

  using range_work = std::function<void(std::size_t begin, std::size_t end)>;
  using task = std::function<void(std::size_t index, std::size_t thread)>;

  /// Does the work on [0, count): one contiguous part per thread, cut at multiples of
  /// `granularity`.
  void run_parts(std::size_t count, std::size_t granularity, const range_work& work);

  /// Does the work on [0, count) in pieces that threads claim from a counter, as a step does.
  void run_pieces(std::size_t count, std::size_t piece, const range_work& work);

  /// Does the tasks 0 to count - 1, each on the next thread that is free. `thread` is below
  /// thread_count(); no two tasks run at once with the same one.
  void run_tasks(std::size_t count, const task& work);

 private:
  class arena;
  std::size_t thread_count_;
  std::unique_ptr<arena> arena_;  // null with one thread
};

}  // namespace bench
