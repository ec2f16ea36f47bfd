// SPDX-License-Identifier: Apache-2.0
//
// Contexts with GRADSTEP_CONTEXT_PIN_THREADS bind oneTBB's workers to CPUs during a step only,
// because the workers serve the host too.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>
#include <tbb/parallel_for.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <set>

#include "support/context_setup.hpp"
#include "threads/cpu_sets.hpp"

namespace gradstep_test {
namespace {

std::mutex bound_threads_mutex;
// Those that have bound themselves to one CPU. It is never destroyed: steps in destructors of
// static objects bind threads too.
std::set<pid_t>& bound_threads = *new std::set<pid_t>;

/// For each of oneTBB's threads that runs a task of the host: its CPUs.
std::map<pid_t, cpus> cpus_of_the_hosts_tasks() {
  std::map<pid_t, cpus> all;
  std::mutex mutex;
  tbb::parallel_for(0, 2000, [&](int) {
    const auto mine = cpus_of(0);
    const std::scoped_lock lock(mutex);
    all[gettid()] = mine;
  });
  return all;
}

TEST(pinned_threads, are_unbound_when_a_step_is_over) {
  cpus_of_the_hosts_tasks();
  const auto context = make_pinned_context();
  for (int i = 0; i < 20; ++i) {
    step_on(context.get());
    expect_unbound(cpus_of_all_threads());
    expect_unbound(cpus_of_the_hosts_tasks());
  }
}

TEST(pinned_threads, are_unbound_when_the_context_is_destroyed) {
  for (int i = 0; i < 100; ++i) {
    step_on(make_pinned_context().get(), 3);
    expect_unbound(cpus_of_all_threads());
  }
  expect_unbound(cpus_of_the_hosts_tasks());
}

TEST(pinned_threads, are_bound_while_they_step) {
  const auto context = make_pinned_context();
  if (threads_of(context.get()) == 1) GTEST_SKIP() << "one CPU: no worker";
  bound_threads.clear();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(5);
  const auto is_bound = [] {
    const std::scoped_lock lock(bound_threads_mutex);
    return !bound_threads.empty();
  };
  while (!is_bound() && std::chrono::steady_clock::now() < deadline) step_on(context.get());
  EXPECT_TRUE(is_bound()) << "no worker was ever bound";
  EXPECT_FALSE(bound_threads.contains(gettid())) << "the calling thread is not ours to bind";
}

TEST(pinned_threads, of_a_context_that_steps_within_tasks_of_the_host) {
  // The host steps within its own parallel loop, so each worker both calls and helps.
  const auto first = make_pinned_context();
  const auto second = make_pinned_context(2);
  tbb::parallel_for(0, 64, [&](int i) {
    const cpus before = cpus_of(0);
    step_on((i % 2 == 0 ? first : second).get(), 5);
    EXPECT_EQ(cpus_of(0), before);
  });
  expect_unbound(cpus_of_all_threads());
}

TEST(pinned_threads, keep_what_the_host_has_bound_them_to) {
  if (cpu_count < 2) GTEST_SKIP() << "one CPU: nothing to bind to";
  const auto context = make_pinned_context();
  step_on(context.get());
  const pid_t self = gettid();
  for (const auto& [thread, set] : cpus_of_all_threads()) {
    if (thread != self) bind_to(thread, 0);
  }
  const auto before = cpus_of_all_threads();
  step_on(context.get());
  for (const auto& [thread, set] : cpus_of_all_threads()) {
    const auto found = before.find(thread);
    EXPECT_TRUE(found == before.end() || found->second == set) << "thread " << thread;
  }
  for (const auto& [thread, set] : before) {  // unbind it
    cpu_set_t all;
    CPU_ZERO(&all);
    const cpus mine = cpus_of(0);
    for (std::size_t cpu = 0; cpu < mine.size(); ++cpu) {
      if (mine[cpu]) CPU_SET(cpu, &all);
    }
    sched_setaffinity(thread, sizeof all, &all);
  }
}

}  // namespace
}  // namespace gradstep_test

/// Replaces the C library's function for the library too; notes the threads that bind themselves.
extern "C" int sched_setaffinity(pid_t thread, std::size_t size, const cpu_set_t* set) noexcept {
  using namespace gradstep_test;
  if (thread == 0 && CPU_COUNT_S(size, set) == 1) {
    const std::scoped_lock lock(bound_threads_mutex);
    bound_threads.insert(gettid());
  }
  return static_cast<int>(syscall(SYS_sched_setaffinity, thread, size, set));
}
