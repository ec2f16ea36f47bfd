// SPDX-License-Identifier: Apache-2.0
//
// The only file that includes oneTBB.
#include "thread_team.hpp"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>
#include <tbb/task_scheduler_observer.h>

#include <optional>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

namespace gradstep::internal {
namespace {

void run_in_this_arena(std::size_t count, gradstep_task task, void* argument) {
  // Isolated twice: a waiting thread must not pick up the host's unrelated tasks, and a cancelled
  // group of the host's must not cancel ours.
  tbb::task_group_context group(tbb::task_group_context::isolated);
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(
        tbb::blocked_range<std::size_t>(0, count, 1),
        [&](const tbb::blocked_range<std::size_t>& range) {
          for (std::size_t i = range.begin(); i != range.end(); ++i) task(argument, i);
        },
        tbb::simple_partitioner(), group);
  });
}

#if defined(__linux__)

/// Binds each worker of an arena to one CPU while it is in there.
class pinning_observer final : public tbb::task_scheduler_observer {
 public:
  explicit pinning_observer(tbb::task_arena& arena) : task_scheduler_observer(arena) {
    CPU_ZERO(&allowed_);
    if (sched_getaffinity(0, sizeof allowed_, &allowed_) != 0) return;
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &allowed_)) cpus_.push_back(cpu);
    }
    observe(true);
  }
  ~pinning_observer() override { observe(false); }

  void on_scheduler_entry(bool is_worker) override {
    const int index = tbb::this_task_arena::current_thread_index();
    if (!is_worker || index < 0 || cpus_.empty()) return;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpus_[static_cast<std::size_t>(index) % cpus_.size()], &one);
    sched_setaffinity(0, sizeof one, &one);
  }
  void on_scheduler_exit(bool is_worker) override {
    if (is_worker && !cpus_.empty()) sched_setaffinity(0, sizeof allowed_, &allowed_);
  }

 private:
  cpu_set_t allowed_;
  std::vector<int> cpus_;
};

#else

class pinning_observer {
 public:
  explicit pinning_observer(tbb::task_arena&) {}
};

#endif

class own_arena final : public thread_team {
 public:
  own_arena(std::size_t thread_count, bool pin_threads) : arena_(static_cast<int>(thread_count)) {
    arena_.initialize();
    if (pin_threads) observer_.emplace(arena_);
  }
  void run(std::size_t count, gradstep_task task, void* argument) const noexcept override {
    try {
      arena_.execute([&] { run_in_this_arena(count, task, argument); });
    } catch (...) {  // no memory for a task: the caller runs what is left
    }
  }
  const char* kind() const noexcept override { return "own arena"; }

 private:
  mutable tbb::task_arena arena_;
  std::optional<pinning_observer> observer_;
};

class caller_arena final : public thread_team {
 public:
  void run(std::size_t count, gradstep_task task, void* argument) const noexcept override {
    try {
      run_in_this_arena(count, task, argument);
    } catch (...) {  // as above
    }
  }
  const char* kind() const noexcept override { return "caller's arena"; }
};

class host_pool final : public thread_team {
 public:
  host_pool(gradstep_parallel_for parallel_for, void* pool)
      : parallel_for_(parallel_for), pool_(pool) {}
  void run(std::size_t count, gradstep_task task, void* argument) const noexcept override {
    parallel_for_(pool_, count, task, argument);
  }
  const char* kind() const noexcept override { return "host pool"; }

 private:
  gradstep_parallel_for parallel_for_;
  void* pool_;
};

}  // namespace

std::unique_ptr<thread_team> make_own_arena(std::size_t thread_count, bool pin_threads) {
  return std::make_unique<own_arena>(thread_count, pin_threads);
}
std::unique_ptr<thread_team> make_caller_arena() { return std::make_unique<caller_arena>(); }
std::unique_ptr<thread_team> make_host_pool(gradstep_parallel_for parallel_for, void* pool) {
  return std::make_unique<host_pool>(parallel_for, pool);
}

}  // namespace gradstep::internal
