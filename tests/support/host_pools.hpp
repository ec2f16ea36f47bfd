// SPDX-License-Identifier: Apache-2.0
//
// Thread pools that a host may bring.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cfenv>
#include <cstddef>
#include <thread>
#include <vector>

namespace gradstep_test {

/// Counts the tasks that it ran.
struct counting_pool {
  std::atomic<std::size_t> tasks = 0;
  std::size_t thread_count = 8;
};

inline void run_on_new_threads(void* pool, std::size_t count, gradstep_task task, void* argument) {
  auto& self = *static_cast<counting_pool*>(pool);
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) {
      ++self.tasks;
      task(argument, i);
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < self.thread_count; ++i) threads.emplace_back(work);
  for (auto& thread : threads) thread.join();
}

/// A pool without state: the calling thread runs one task, and a new thread each of the others.
inline void run_on_a_thread_each(void*, std::size_t count, gradstep_task task, void* argument) {
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < count; ++i) threads.emplace_back(task, argument, i);
  if (count > 0) task(argument, 0);
  for (auto& thread : threads) thread.join();
}

inline void run_in_reverse(void* pool, std::size_t count, gradstep_task task, void* argument) {
  for (std::size_t i = count; i-- > 0;) {
    ++static_cast<counting_pool*>(pool)->tasks;
    task(argument, i);
  }
}

/// Runs the tasks on the calling thread while it rounds upward. Each task must leave this mode
/// unchanged.
inline void run_rounding_upward(void* pool, std::size_t count, gradstep_task task, void* argument) {
  const int mode_before = std::fegetround();
  for (std::size_t i = 0; i < count; ++i) {
    ++static_cast<counting_pool*>(pool)->tasks;
    std::fesetround(FE_UPWARD);
    task(argument, i);
    EXPECT_EQ(std::fegetround(), FE_UPWARD);
  }
  std::fesetround(mode_before);
}

}  // namespace gradstep_test
