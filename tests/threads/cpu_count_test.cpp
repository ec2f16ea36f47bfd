// SPDX-License-Identifier: Apache-2.0
//
// A context has by default as many threads as the process has CPUs, whatever a thread is bound to.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <thread>

#include "support/context_setup.hpp"
#include "support/sized_struct.hpp"
#include "threads/cpu_sets.hpp"

namespace gradstep_test {
namespace {

std::size_t default_threads() {
  return threads_of(make_context(sized<gradstep_context_options>()).get());
}

TEST(cpu_count, on_a_thread_that_is_bound) {
  const std::size_t wanted = default_threads();
  std::size_t got = 0;
  std::thread([&] {
    bind_to(0, 0);
    got = default_threads();
  }).join();
  EXPECT_EQ(got, wanted);
}

/// Binds the first thread of the process to one CPU; the destructor restores it.
class bound_first_thread {
 public:
  bound_first_thread() {
    sched_getaffinity(getpid(), sizeof before_, &before_);
    bind_to(getpid(), 0);
  }
  ~bound_first_thread() { sched_setaffinity(getpid(), sizeof before_, &before_); }

 private:
  cpu_set_t before_;
};

/// If the process runs this test alone, oneTBB counts the CPUs in it.
TEST(cpu_count, when_the_first_thread_is_bound_and_another_one_is_not) {
  std::atomic<bool> is_over = false;
  std::thread free([&] {
    while (!is_over) std::this_thread::yield();
  });
  {
    const bound_first_thread bound;
    const cpus before = cpus_of(0);
    ASSERT_EQ(count(before), 1U);
    auto options = split_options(cpu_count);
    const auto context = make_context(options);
    EXPECT_EQ(threads_of(context.get()), cpu_count);
    EXPECT_EQ(cpus_of(0), before);
    step_on(context.get());
    EXPECT_EQ(cpus_of(0), before);
    const pid_t self = gettid();
    for (const auto& [thread, set] : cpus_of_all_threads()) {
      EXPECT_TRUE(thread == self || count(set) == cpu_count) << "a worker inherits no binding";
    }
  }
  is_over = true;
  free.join();
}

TEST(cpu_count, is_one_where_the_whole_process_is_bound) {
  const auto by_default = default_threads();  // starts no thread
  const bound_first_thread bound;
  const std::size_t threads = cpus_of_all_threads().size();
  EXPECT_EQ(default_threads(), threads == 1 ? 1 : by_default);
}

}  // namespace
}  // namespace gradstep_test
