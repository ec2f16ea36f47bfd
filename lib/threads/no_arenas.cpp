// SPDX-License-Identifier: Apache-2.0
//
// Stands in for tbb_arenas.cpp in a build without oneTBB (GRADSTEP_TBB=OFF).
#include "base/failure.hpp"
#include "threads/thread_team.hpp"

namespace gradstep::internal {
namespace {

class calling_thread final : public thread_team {
 public:
  std::size_t most_threads() const noexcept override { return 1; }
  const char* kind() const noexcept override { return "calling thread"; }

 private:
  void run_tasks(std::size_t, gradstep_task, void*) const noexcept override {}
};

}  // namespace

bool has_arenas() noexcept { return false; }

std::unique_ptr<thread_team> make_own_arena(std::size_t thread_count, bool) {
  if (thread_count != 1) {
    refuse(
        GRADSTEP_UNSUPPORTED,
        "%zu threads are asked for, and this gradstep is built without oneTBB: it has no threads "
        "of its own; set options.parallel_for, or options.thread_count or GRADSTEP_THREADS to 1",
        thread_count);
  }
  watch_forks();
  return std::make_unique<calling_thread>();
}

std::unique_ptr<thread_team> make_caller_arena() {
  refuse(
      GRADSTEP_UNSUPPORTED,
      "GRADSTEP_CONTEXT_CALLER_ARENA: this gradstep is built without oneTBB, and knows no arena");
}

}  // namespace gradstep::internal
