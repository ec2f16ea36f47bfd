// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gradstep/gradstep.h>

#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace gradstep_test {

/// A pool whose threads and callers see each other's writes only if the library makes them: it uses
/// relaxed atomics throughout. A thread sanitizer therefore reports every order that the library
/// owes a step. Worker i runs the task of index i + 1, and the caller runs the others. Any number
/// of threads may call at once.
class orderless_pool {
 public:
  explicit orderless_pool(std::size_t worker_count) : places_(worker_count) {}
  orderless_pool(const orderless_pool&) = delete;
  ~orderless_pool() {
    is_over_ = true;
    for (auto& thread : threads_) thread.join();
  }

  /// Starts the workers, which see what was done before, such as the making of contexts. Until then
  /// the callers run everything.
  void start() {
    for (std::size_t i = 0; i < places_.size(); ++i) threads_.emplace_back([this, i] { work(i); });
  }

  static void run(void* pool, std::size_t count, gradstep_task task, void* argument) {
    auto& self = *static_cast<orderless_pool*>(pool);
    self.task_.store(task, relaxed);  // the same for every step
    const std::size_t offered = self.threads_.empty() ? 0 : self.places_.size();
    std::vector<bool> is_taken(count);
    for (std::size_t i = 0; i < offered && i + 1 < count; ++i) {
      void* none = nullptr;
      is_taken[i + 1] = self.places_[i].compare_exchange_strong(none, argument, relaxed);
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_taken[i]) task(argument, i);
    }
    for (std::size_t i = 1; i < count; ++i) {
      while (is_taken[i] && self.places_[i - 1].load(relaxed) == argument) {
        std::this_thread::yield();
      }
    }
  }

 private:
  static constexpr auto relaxed = std::memory_order_relaxed;

  void work(std::size_t i) {
    while (!is_over_.load(relaxed)) {
      void* const argument = places_[i].load(relaxed);
      const auto task = task_.load(relaxed);
      if (argument == nullptr || task == nullptr) {
        std::this_thread::yield();
        continue;
      }
      task(argument, i + 1);
      places_[i].store(nullptr, relaxed);
    }
  }

  std::vector<std::atomic<void*>> places_;  // what each worker runs; null: nothing
  std::atomic<gradstep_task> task_ = nullptr;
  std::atomic<bool> is_over_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace gradstep_test
