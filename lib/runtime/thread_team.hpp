// SPDX-License-Identifier: Apache-2.0
//
// The threads of a context, whoever owns them.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <memory>

namespace gradstep::internal {

/// Runs tasks on several threads. Helpers are optional: a team that cannot get one runs everything
/// on the calling thread.
class thread_team {
 public:
  virtual ~thread_team() = default;

  /// Runs task(argument, i) for indices i < count, each at most once, and returns when all that it
  /// began have returned. It may leave some out (no memory for a task): the caller runs what is
  /// left. Any number of threads may call it at once.
  virtual void run(std::size_t count, gradstep_task task, void* argument) const noexcept = 0;

  /// What gradstep_context_describe calls it.
  virtual const char* kind() const noexcept = 0;
};

/// A oneTBB arena of its own. Pinned workers are bound to one CPU each while they work in it.
/// Throws std::bad_alloc.
std::unique_ptr<thread_team> make_own_arena(std::size_t thread_count, bool pin_threads);

/// The oneTBB arena that the calling thread is in.
std::unique_ptr<thread_team> make_caller_arena();

std::unique_ptr<thread_team> make_host_pool(gradstep_parallel_for parallel_for, void* pool);

}  // namespace gradstep::internal
