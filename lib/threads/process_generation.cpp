// SPDX-License-Identifier: Apache-2.0
#include "threads/process_generation.hpp"

#include <atomic>

#if __has_include(<pthread.h>)
#include <pthread.h>

#include <new>
#endif

namespace gradstep::internal {
namespace {

std::atomic<unsigned> generation = 0;

}  // namespace

unsigned process_generation() noexcept { return generation.load(std::memory_order_relaxed); }

#if __has_include(<pthread.h>)

// No lock: a fork while another thread holds it would leave it held in the child. If two threads
// register at once, a fork counts twice, which does no harm.
void watch_forks() {
  static std::atomic<bool> is_watching = false;
  if (is_watching.load(std::memory_order_acquire)) return;
  const auto count_fork = [] { generation.fetch_add(1, std::memory_order_relaxed); };
  if (pthread_atfork(nullptr, nullptr, count_fork) != 0) throw std::bad_alloc();
  is_watching.store(true, std::memory_order_release);
}

#else

void watch_forks() {}

#endif

}  // namespace gradstep::internal
