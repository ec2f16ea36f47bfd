// SPDX-License-Identifier: Apache-2.0
#include "bench_team.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "bound_thread.hpp"
#include "facts/topology.hpp"

namespace bench {

class team::arena {
 public:
  arena(std::size_t thread_count, bool is_pinned) : arena_(static_cast<int>(thread_count)) {
    arena_.initialize();
    if (is_pinned) cpus_ = usable_cpus();
  }

  template <class Task>
  void run(std::size_t count, const Task& task) {
    arena_.execute([&] {
      const auto caller = std::this_thread::get_id();
      tbb::parallel_for(
          tbb::blocked_range<std::size_t>(0, count, 1),
          [&](const tbb::blocked_range<std::size_t>& range) {
            const auto place =
                static_cast<std::size_t>(std::max(tbb::this_task_arena::current_thread_index(), 0));
            const bool is_bound = !cpus_.empty() && std::this_thread::get_id() != caller;
            const bound_thread bound(is_bound ? cpus_[place % cpus_.size()] : unbound);
            for (std::size_t i = range.begin(); i != range.end(); ++i) task(i, place);
          },
          tbb::simple_partitioner());
    });
  }

 private:
  tbb::task_arena arena_;
  std::vector<int> cpus_;  // empty: threads are free
};

team::team(std::size_t thread_count, bool is_pinned)
    : thread_count_(thread_count),
      arena_(thread_count == 1 ? nullptr : std::make_unique<arena>(thread_count, is_pinned)) {}

team::~team() = default;

void team::run_parts(std::size_t count, std::size_t granularity, const range_work& work) {
  if (arena_ == nullptr) return work(0, count);
  const std::size_t grains = (count + granularity - 1) / granularity;
  arena_->run(thread_count_, [&](std::size_t part, std::size_t) {
    const std::size_t begin = grains * part / thread_count_ * granularity;
    const std::size_t end = grains * (part + 1) / thread_count_ * granularity;
    if (begin < end) work(begin, std::min(end, count));
  });
}

void team::run_pieces(std::size_t count, std::size_t piece, const range_work& work) {
  if (arena_ == nullptr) return work(0, count);
  alignas(64) std::atomic<std::size_t> next = 0;
  arena_->run(thread_count_, [&](std::size_t, std::size_t) {
    for (;;) {
      const std::size_t begin = next.fetch_add(1, std::memory_order_relaxed) * piece;
      if (begin >= count) return;
      work(begin, std::min(begin + piece, count));
    }
  });
}

void team::run_tasks(std::size_t count, const task& work) {
  if (arena_ == nullptr) {
    for (std::size_t i = 0; i < count; ++i) work(i, 0);
    return;
  }
  arena_->run(count, work);
}

}  // namespace bench
