// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <atomic>
#include <thread>

#include "threads/loaded_code.hpp"
#include "threads/thread_team.hpp"
#include "threads/uncancelled.hpp"

namespace gradstep::internal {
namespace {

/// Stands between a pool and a step's task, whose state is gone when the step has returned. A pool
/// that throws may leave calls running, or begin some later. A gate lives as long as the context,
/// counts the calls inside, and lets calls through only while a step is behind it. A call that
/// comes late and finds another step there helps with that step.
class task_gate {
 public:
  /// False when another step has taken the gate.
  bool try_open(gradstep_task task, void* argument) noexcept {
    if (is_taken_.exchange(true)) return false;
    task_ = task;
    argument_ = argument;
    is_open_ = true;
    return true;
  }
  /// Waits for the calls inside.
  void close() noexcept {
    is_open_ = false;
    while (inside_ != 0) std::this_thread::yield();
    is_taken_ = false;
  }
  static void enter(void* gate, std::size_t index) {
    auto& self = *static_cast<task_gate*>(gate);
    // First enter, then look; close() first closes, then looks at inside_. So one sees the other.
    ++self.inside_;
    if (self.is_open_) self.task_(self.argument_, index);
    --self.inside_;
  }

 private:
  alignas(64) std::atomic<bool> is_taken_ = false;
  std::atomic<bool> is_open_ = false;
  std::atomic<std::size_t> inside_ = 0;
  gradstep_task task_ = nullptr;
  void* argument_ = nullptr;
};

class host_pool final : public thread_team {
 public:
  host_pool(gradstep_parallel_for parallel_for, void* pool)
      : parallel_for_(parallel_for), pool_(pool) {}
  const char* kind() const noexcept override { return "host pool"; }

 private:
  // Without a free gate the step runs on the calling thread: 64 steps at once have threads enough.
  void run_tasks(std::size_t count, gradstep_task task, void* argument) const noexcept override {
    for (task_gate& gate : gates_) {
      if (!gate.try_open(task, argument)) continue;
      call_pool(count, gate);
      return gate.close();
    }
  }
  void call_pool(std::size_t count, task_gate& gate) const noexcept {
    [[maybe_unused]] const uncancelled scope;
    try {
      parallel_for_(pool_, count, &task_gate::enter, &gate);
    } catch (...) {  // the caller runs what is left
    }
  }

  gradstep_parallel_for parallel_for_;
  void* pool_;
  mutable std::array<task_gate, 64> gates_;
};

}  // namespace

std::unique_ptr<thread_team> make_host_pool(gradstep_parallel_for parallel_for, void* pool) {
  watch_forks();
  keep_code_loaded();
  return std::make_unique<host_pool>(parallel_for, pool);
}

}  // namespace gradstep::internal
