// SPDX-License-Identifier: Apache-2.0
//
// The threads of a context: oneTBB's, a pool of the host's, or the calling thread alone.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "threads/process_generation.hpp"

namespace gradstep::internal {

/// Runs a task on several threads. No team has to have helpers: callers run what is left.
class thread_team {
 public:
  virtual ~thread_team() = default;

  /// Calls task(argument, i) for indices i < count, and returns when all calls have returned. Each
  /// index is called at most once, unless a host's pool is at fault. Some may be left out: there is
  /// no memory for a task, or this is a child of fork, where the threads do not exist. Any number
  /// of threads may call run() at once.
  void run(std::size_t count, gradstep_task task, void* argument) const noexcept {
    if (!is_inherited()) run_tasks(count, task, argument);
  }

  /// Whether a parent of this process made the team.
  bool is_inherited() const noexcept { return generation_ != process_generation(); }

  /// The most threads that work at once, the caller's included.
  virtual std::size_t most_threads() const noexcept { return SIZE_MAX; }

  /// The name in gradstep_context_info.
  virtual const char* kind() const noexcept = 0;

 private:
  virtual void run_tasks(std::size_t count, gradstep_task task, void* argument) const noexcept = 0;

  unsigned generation_ = process_generation();
};

/// Whether this build has oneTBB's arenas. tbb_arenas.cpp or no_arenas.cpp defines this function,
/// and the first two below.
bool has_arenas() noexcept;

// All three throw std::bad_alloc. If a parent of this process has called one of the first two, both
// have no helpers here: oneTBB would wait for threads that only the parent has. Without arenas, the
// first throws failure (UNSUPPORTED) for more than one thread, and the second always does.

/// A oneTBB arena of the context's own, with no more threads than oneTBB allows the process. Pinned
/// workers are bound to one CPU each while they work in the arena.
std::unique_ptr<thread_team> make_own_arena(std::size_t thread_count, bool pin_threads);

/// The oneTBB arena that the calling thread is in.
std::unique_ptr<thread_team> make_caller_arena();

/// A pool of the host's, which parallel_for(pool, ...) runs tasks on.
std::unique_ptr<thread_team> make_host_pool(gradstep_parallel_for parallel_for, void* pool);

}  // namespace gradstep::internal
