// SPDX-License-Identifier: Apache-2.0
//
// The threads of a context, whoever owns them.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "threads/process_generation.hpp"

namespace gradstep::internal {

/// Runs tasks on several threads. Helpers are optional: a team that cannot get one runs everything
/// on the calling thread.
class thread_team {
 public:
  virtual ~thread_team() = default;

  /// Runs task(argument, i) for indices i < count, each at most once or, if a host's pool is at
  /// fault, more often, and returns when all that it began have returned. It may leave some out (no
  /// memory for a task; a child of fork, where the threads do not exist): the caller runs what is
  /// left. Any number of threads may call it at once.
  void run(std::size_t count, gradstep_task task, void* argument) const noexcept {
    if (!is_inherited()) run_tasks(count, task, argument);
  }

  /// Whether this process is a child of the one that made it.
  bool is_inherited() const noexcept { return generation_ != process_generation(); }

  /// No more threads than this will come, the caller's included.
  virtual std::size_t most_threads() const noexcept { return SIZE_MAX; }

  /// What gradstep_context_describe calls it.
  virtual const char* kind() const noexcept = 0;

 private:
  virtual void run_tasks(std::size_t count, gradstep_task task, void* argument) const noexcept = 0;

  unsigned generation_ = process_generation();
};

// All three throw std::bad_alloc. The first two have no helpers in a child of a process that has
// called one of them: what oneTBB had begun there, it waits for.

/// A oneTBB arena of its own, with no more threads than oneTBB allows the process. Pinned workers
/// are bound to one CPU each while they work in it.
std::unique_ptr<thread_team> make_own_arena(std::size_t thread_count, bool pin_threads);

/// The oneTBB arena that the calling thread is in.
std::unique_ptr<thread_team> make_caller_arena();

std::unique_ptr<thread_team> make_host_pool(gradstep_parallel_for parallel_for, void* pool);

}  // namespace gradstep::internal
