// SPDX-License-Identifier: Apache-2.0
//
// The CPUs of the process and of its threads: counted as they are, and left as they were, though
// oneTBB's workers are the host's too.
#include <dirent.h>
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/syscall.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "support/context_setup.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"

namespace {

std::mutex bound_threads_mutex;
std::set<pid_t> bound_threads;  // that bound themselves to one CPU

}  // namespace

/// The system's, in whose place the library finds this one: notes who calls it.
extern "C" int sched_setaffinity(pid_t thread, std::size_t size, const cpu_set_t* set) noexcept {
  if (thread == 0 && CPU_COUNT_S(size, set) == 1) {
    const std::scoped_lock lock(bound_threads_mutex);
    bound_threads.insert(gettid());
  }
  return static_cast<int>(syscall(SYS_sched_setaffinity, thread, size, set));
}

namespace gradstep_test {
namespace {

using cpus = std::vector<bool>;

cpus cpus_of(pid_t thread) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(thread, sizeof set, &set) != 0) return {};
  cpus result(CPU_SETSIZE);
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) result[cpu] = CPU_ISSET(cpu, &set);
  return result;
}

std::size_t count(const cpus& set) {
  return static_cast<std::size_t>(std::count(set.begin(), set.end(), true));
}

/// Binds a thread to its n-th CPU.
void bind_to(pid_t thread, std::size_t n) {
  const cpus before = cpus_of(thread);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (std::size_t cpu = 0; cpu < before.size(); ++cpu) {
    if (before[cpu] && n-- == 0) CPU_SET(cpu, &one);
  }
  ASSERT_EQ(sched_setaffinity(thread, sizeof one, &one), 0);
}

std::map<pid_t, cpus> cpus_of_all_threads() {
  std::map<pid_t, cpus> all;
  DIR* folder = opendir("/proc/self/task");
  while (const dirent* entry = readdir(folder)) {
    const pid_t thread = std::atoi(entry->d_name);
    if (thread > 0) all[thread] = cpus_of(thread);
  }
  closedir(folder);
  std::erase_if(all, [](const auto& thread) { return thread.second.empty(); });  // gone meanwhile
  return all;
}

const std::size_t cpu_count = count(cpus_of(0));  // before any test binds a thread

std::size_t default_threads() {
  return threads_of(make_context(sized<gradstep_context_options>()).get());
}

/// Enough work for the workers to come.
void step(const gradstep_context* context, int rounds = 50) {
  const auto rule = make_rule("adamw");
  auto target = make_parameter("adamw", rule.get(), 16384, {});
  for (int i = 0; i < rounds; ++i) apply_one(context, rule.get(), target, at_step(1));
}

context_handle make_pinned_context(std::size_t thread_count = 4) {
  auto options = split_options(thread_count);
  options.flags |= GRADSTEP_CONTEXT_PIN_THREADS;
  return make_context(options);
}

/// The CPUs that the host's own tasks may run on, on each of oneTBB's threads that runs some.
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

void expect_unbound(const std::map<pid_t, cpus>& all) {
  for (const auto& [thread, set] : all) EXPECT_EQ(count(set), cpu_count) << "thread " << thread;
}

// ---- Workers that are bound -------------------------------------------------------------------

TEST(pinned_threads, are_unbound_when_a_step_is_over) {
  cpus_of_the_hosts_tasks();
  const auto context = make_pinned_context();
  for (int i = 0; i < 20; ++i) {
    step(context.get());
    expect_unbound(cpus_of_all_threads());
    expect_unbound(cpus_of_the_hosts_tasks());
  }
}

TEST(pinned_threads, are_unbound_when_the_context_is_destroyed) {
  for (int i = 0; i < 100; ++i) {
    step(make_pinned_context().get(), 3);
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
  while (!is_bound() && std::chrono::steady_clock::now() < deadline) step(context.get());
  EXPECT_TRUE(is_bound()) << "no worker was ever bound";
  EXPECT_FALSE(bound_threads.contains(gettid())) << "the calling thread is not ours to bind";
}

TEST(pinned_threads, of_a_context_within_another_ones_step) {
  // The host steps from within its own parallel loop: its workers come to be callers and helpers.
  const auto first = make_pinned_context();
  const auto second = make_pinned_context(2);
  tbb::parallel_for(0, 64, [&](int i) {
    const cpus before = cpus_of(0);
    step((i % 2 == 0 ? first : second).get(), 5);
    EXPECT_EQ(cpus_of(0), before);
  });
  expect_unbound(cpus_of_all_threads());
}

TEST(pinned_threads, keep_what_the_host_has_bound_them_to) {
  if (cpu_count < 2) GTEST_SKIP() << "one CPU: nothing to bind to";
  const auto context = make_pinned_context();
  step(context.get());
  const pid_t self = gettid();
  for (const auto& [thread, set] : cpus_of_all_threads()) {
    if (thread != self) bind_to(thread, 0);
  }
  const auto before = cpus_of_all_threads();
  step(context.get());
  for (const auto& [thread, set] : cpus_of_all_threads()) {
    const auto found = before.find(thread);
    EXPECT_TRUE(found == before.end() || found->second == set) << "thread " << thread;
  }
  for (const auto& [thread, set] : before) {  // back to all
    cpu_set_t all;
    CPU_ZERO(&all);
    const cpus mine = cpus_of(0);
    for (std::size_t cpu = 0; cpu < mine.size(); ++cpu) {
      if (mine[cpu]) CPU_SET(cpu, &all);
    }
    sched_setaffinity(thread, sizeof all, &all);
  }
}

// ---- How many CPUs there are ------------------------------------------------------------------

// Each in a thread of its own or with the first thread restored, so that the others find all CPUs.

TEST(cpu_count, on_a_thread_that_is_bound) {
  const std::size_t wanted = default_threads();
  std::size_t got = 0;
  std::thread([&] {
    bind_to(0, 0);
    got = default_threads();
  }).join();
  EXPECT_EQ(got, wanted);
}

/// Binds the first thread and restores it.
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

// In a process of its own this is where oneTBB counts the CPUs.
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
    step(context.get());
    EXPECT_EQ(cpus_of(0), before);
    const pid_t self = gettid();
    for (const auto& [thread, set] : cpus_of_all_threads()) {
      EXPECT_TRUE(thread == self || count(set) == cpu_count) << "a worker inherits no bound";
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

// ---- What the host allows ---------------------------------------------------------------------

TEST(scheduler, a_limit_of_the_hosts_is_kept_without_a_word) {
  testing::internal::CaptureStderr();
  for (const std::size_t limit : {1, 2}) {
    const tbb::global_control control(tbb::global_control::max_allowed_parallelism, limit);
    const auto context = make_context(split_options(64));
    EXPECT_LE(threads_of(context.get()), limit);
    step(context.get());
  }
  tbb::task_arena arena(2);
  arena.execute([] {
    auto options = split_options(64);
    options.flags |= GRADSTEP_CONTEXT_CALLER_ARENA;
    const auto context = make_context(options);
    step(context.get());
  });
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(scheduler, more_threads_than_cpus_where_the_host_allows_them) {
  testing::internal::CaptureStderr();
  {
    const tbb::global_control control(tbb::global_control::max_allowed_parallelism, 5);
    const auto context = make_context(split_options(64));
    EXPECT_EQ(threads_of(context.get()), 5U);
    step(context.get());
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

// ---- Contexts in number -----------------------------------------------------------------------

TEST(contexts, are_made_and_destroyed_by_many_threads_at_once) {
  const auto bits = [](const gradstep_context* context) {
    const auto rule = make_rule("adamw");
    auto target = make_parameter("adamw", rule.get(), 4096, {});
    apply_one(context, rule.get(), target, at_step(1));
    return target.snapshot();
  };
  const auto wanted = bits(make_serial_context().get());
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 50; ++round) {
        const auto context = i % 2 == 0 ? make_pinned_context() : make_context(split_options(3));
        if (bits(context.get()) != wanted) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  expect_unbound(cpus_of_all_threads());
}

/// Steps when static objects are destroyed, after main.
struct late_step {
  context_handle context;
  ~late_step() {
    if (context != nullptr) step(context.get());
  }
};
late_step at_exit;
thread_local late_step at_thread_exit;

TEST(contexts, step_and_end_in_static_and_thread_local_destructors) {
  at_exit.context = make_pinned_context();
  step(at_exit.context.get());
  for (int i = 0; i < 20; ++i) {
    std::thread([] { at_thread_exit.context = make_context(split_options(4)); }).join();
  }
}

}  // namespace
}  // namespace gradstep_test
