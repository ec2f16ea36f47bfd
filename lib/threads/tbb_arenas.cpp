// SPDX-License-Identifier: Apache-2.0
//
// The only file that includes oneTBB.
#include "threads/thread_team.hpp"

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <atomic>
#include <new>
#include <thread>
#include <vector>

#include "threads/cpu_mask.hpp"
#include "threads/loaded_code.hpp"

namespace gradstep::internal {
namespace {

/// Whether oneTBB may be used. Not if a parent of this process has used it: oneTBB would wait for
/// threads and locks that only the parent has.
bool may_use_scheduler() noexcept {
  static std::atomic<unsigned> first_user = 0;  // its process_generation() + 1; 0: none yet
  unsigned user = 0;
  const unsigned self = process_generation() + 1;
  return first_user.compare_exchange_strong(user, self) || user == self;
}

template <class Task>
void run_in_this_arena(std::size_t count, const Task& task) {
  // Isolated twice: a waiting thread must not pick up the host's unrelated tasks, and a cancelled
  // group of the host's must not cancel ours.
  tbb::task_group_context group(tbb::task_group_context::isolated);
  tbb::this_task_arena::isolate([&] {
    tbb::parallel_for(
        tbb::blocked_range<std::size_t>(0, count, 1),
        [&](const tbb::blocked_range<std::size_t>& range) {
          for (std::size_t i = range.begin(); i != range.end(); ++i) task(i);
        },
        tbb::simple_partitioner(), group);
  });
}

/// The most threads that an arena gets, the caller's included. If an arena asks for more, oneTBB
/// writes a warning to stderr.
std::size_t allowed_threads(const cpu_mask& cpus) {
  static std::atomic<bool> is_counted = false;
  if (!is_counted) {  // at its first use oneTBB counts the CPUs
    const unbound_first_thread scope(cpus);
    static_cast<void>(tbb::info::default_concurrency());
    is_counted = true;
  }
  return tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism);
}

class own_arena final : public thread_team {
 public:
  /// With one thread there is no arena, and oneTBB is not touched.
  own_arena(std::size_t thread_count, bool pin_threads) {
    if (thread_count == 1 || !may_use_scheduler()) return;
    keep_code_loaded();
    const cpu_mask cpus = process_cpus();
    thread_count_ = std::min(thread_count, allowed_threads(cpus));
    if (thread_count_ == 1) return;
    arena_ = std::make_unique<tbb::task_arena>(static_cast<int>(thread_count_));
    arena_->initialize();
    if (pin_threads) pinned_to_ = cpus.cpus();
  }
  // The arena's destructor takes a lock, which may be held for ever in a child of fork. There the
  // arena's memory is freed without calling the destructor.
  ~own_arena() override {
    static_assert(alignof(tbb::task_arena) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
    if (is_inherited()) ::operator delete(arena_.release());
  }
  std::size_t most_threads() const noexcept override { return thread_count_; }
  const char* kind() const noexcept override { return "own arena"; }

 private:
  void run_tasks(std::size_t count, gradstep_task task, void* argument) const noexcept override {
    if (arena_ == nullptr) return;
    try {
      arena_->execute([&] {
        if (pinned_to_.empty()) {
          run_in_this_arena(count, [&](std::size_t i) { task(argument, i); });
        } else {
          run_pinned(count, task, argument);
        }
      });
    } catch (...) {  // no memory for a task; the caller runs what is left
    }
  }

  // The workers are the whole process's, so each is bound for one task at a time. An observer of
  // the arena could not do it: a worker that leaves after the arena has ended is not reported.
  void run_pinned(std::size_t count, gradstep_task task, void* argument) const {
    const auto caller = std::this_thread::get_id();
    run_in_this_arena(count, [&](std::size_t i) {
      if (std::this_thread::get_id() == caller) return task(argument, i);
      const int place = std::max(tbb::this_task_arena::current_thread_index(), 0);
      const bound_thread bound(pinned_to_[static_cast<std::size_t>(place) % pinned_to_.size()]);
      task(argument, i);
    });
  }

  std::size_t thread_count_ = 1;
  std::unique_ptr<tbb::task_arena> arena_;
  std::vector<std::size_t> pinned_to_;  // CPUs; empty: workers are not pinned
};

class caller_arena final : public thread_team {
 public:
  caller_arena() : may_use_scheduler_(may_use_scheduler()) { keep_code_loaded(); }
  std::size_t most_threads() const noexcept override { return may_use_scheduler_ ? SIZE_MAX : 1; }
  const char* kind() const noexcept override { return "caller's arena"; }

 private:
  void run_tasks(std::size_t count, gradstep_task task, void* argument) const noexcept override {
    if (!may_use_scheduler_) return;
    try {
      run_in_this_arena(count, [&](std::size_t i) { task(argument, i); });
    } catch (...) {  // no memory for a task; the caller runs what is left
    }
  }

  bool may_use_scheduler_;
};

}  // namespace

bool has_arenas() noexcept { return true; }

std::unique_ptr<thread_team> make_own_arena(std::size_t thread_count, bool pin_threads) {
  watch_forks();
  return std::make_unique<own_arena>(thread_count, pin_threads);
}

std::unique_ptr<thread_team> make_caller_arena() {
  watch_forks();
  return std::make_unique<caller_arena>();
}

}  // namespace gradstep::internal
