// SPDX-License-Identifier: Apache-2.0
//
// Host's pools that do less, more or something else than they should. A step that has begun is
// completed with the same bits, and no exception crosses the C interface.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "support/context_setup.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {
namespace {

constexpr std::size_t pieces = 32;

std::vector<std::uint64_t> bits_after_steps(const gradstep_context* context,
                                            std::uint64_t wanted_pieces = pieces) {
  const auto adamw = make_rule("adamw");
  auto target = make_parameter("adamw", adamw.get(), 64 * pieces, {});
  for (std::uint64_t step = 1; step <= 5; ++step) {
    target.set_random_gradient(step);
    EXPECT_EQ(apply_one(context, adamw.get(), target, at_step(step)), wanted_pieces);
  }
  return target.snapshot();
}

std::vector<std::uint64_t> serial_bits() {
  return bits_after_steps(make_serial_context().get(), 1);
}

context_handle make_pool_context(gradstep_parallel_for parallel_for, void* pool = nullptr) {
  auto options = split_options(8);
  options.parallel_for = parallel_for;
  options.pool = pool;
  return make_context(options);
}

void expect_serial_bits(gradstep_parallel_for parallel_for, void* pool = nullptr) {
  const auto wanted = serial_bits();
  EXPECT_EQ(bits_after_steps(make_pool_context(parallel_for, pool).get()), wanted);
}

// ---- Pools that run too little or too much ----------------------------------------------------

TEST(host_pool, runs_no_task) {
  expect_serial_bits([](void*, std::size_t, gradstep_task, void*) {});
}

TEST(host_pool, runs_half_of_the_tasks) {
  expect_serial_bits([](void*, std::size_t count, gradstep_task task, void* argument) {
    for (std::size_t i = 0; i < count; i += 2) task(argument, i);
  });
}

TEST(host_pool, runs_every_task_twice) {
  expect_serial_bits([](void*, std::size_t count, gradstep_task task, void* argument) {
    for (std::size_t i = 0; i < 2 * count; ++i) task(argument, i % count);
  });
}

TEST(host_pool, runs_every_task_on_two_threads_at_once) {
  expect_serial_bits([](void*, std::size_t count, gradstep_task task, void* argument) {
    const auto all = [=] {
      for (std::size_t i = 0; i < count; ++i) task(argument, i);
    };
    std::thread other(all);
    all();
    other.join();
  });
}

// ---- Pools that throw -------------------------------------------------------------------------

TEST(host_pool, throws_before_any_task) {
  expect_serial_bits(
      [](void*, std::size_t, gradstep_task, void*) { throw std::runtime_error("no thread"); });
}

TEST(host_pool, throws_what_is_no_std_exception) {
  expect_serial_bits([](void*, std::size_t, gradstep_task, void*) { throw 42; });
}

TEST(host_pool, throws_between_tasks) {
  expect_serial_bits([](void*, std::size_t count, gradstep_task task, void* argument) {
    for (std::size_t i = 0; i < count / 2; ++i) task(argument, i);
    throw std::bad_alloc();
  });
}

TEST(host_pool, throws_after_all_tasks) {
  expect_serial_bits([](void*, std::size_t count, gradstep_task task, void* argument) {
    for (std::size_t i = 0; i < count; ++i) task(argument, i);
    throw std::runtime_error("afterwards");
  });
}

/// Gives the tasks to threads, and throws while they run. The destructor joins the threads.
struct abandoning_pool {
  std::vector<std::thread> threads;
  ~abandoning_pool() {
    for (auto& thread : threads) thread.join();
  }
  static void run(void* pool, std::size_t count, gradstep_task task, void* argument) {
    auto& self = *static_cast<abandoning_pool*>(pool);
    for (std::size_t i = 0; i < count; ++i) {
      self.threads.emplace_back([=] { task(argument, i); });
    }
    throw std::runtime_error("while they run");
  }
};

TEST(host_pool, throws_while_tasks_run) {
  const auto wanted = serial_bits();
  abandoning_pool pool;  // destroyed after the contexts, so tasks may outlive the step
  for (int i = 0; i < 20; ++i) {
    const auto context = make_pool_context(abandoning_pool::run, &pool);
    EXPECT_EQ(bits_after_steps(context.get()), wanted);
    for (auto& thread : pool.threads) thread.join();
    pool.threads.clear();
  }
}

// ---- Tasks that come late ---------------------------------------------------------------------

/// Keeps every task for later.
struct late_pool {
  struct kept {
    gradstep_task task;
    void* argument;
    std::size_t index;
  };
  std::vector<kept> tasks;
  static void run(void* pool, std::size_t count, gradstep_task task, void* argument) {
    for (std::size_t i = 0; i < count; ++i) {
      static_cast<late_pool*>(pool)->tasks.push_back({task, argument, i});
    }
  }
};

/// Overwrites the remains of earlier calls on the stack.
[[gnu::noinline]] void scribble() {
  volatile std::byte room[32768];
  for (auto& byte : room) byte = std::byte{0x5a};
}

TEST(host_pool, calls_tasks_when_the_step_is_over) {
  late_pool pool;
  const auto context = make_pool_context(late_pool::run, &pool);
  const auto wanted = serial_bits();
  EXPECT_EQ(bits_after_steps(context.get()), wanted);
  ASSERT_EQ(pool.tasks.size(), 5 * 8U);
  scribble();
  for (const auto& kept : std::vector(pool.tasks)) kept.task(kept.argument, kept.index);
  EXPECT_EQ(bits_after_steps(context.get()), wanted) << "late tasks left something behind";
}

TEST(host_pool, calls_late_tasks_during_other_steps) {
  late_pool pool;
  const auto context = make_pool_context(late_pool::run, &pool);
  const auto wanted = serial_bits();
  EXPECT_EQ(bits_after_steps(context.get()), wanted);
  const auto late = pool.tasks;
  std::atomic<bool> is_over = false;
  std::thread caller([&] {
    while (!is_over) {
      for (const auto& kept : late) kept.task(kept.argument, kept.index);
    }
  });
  for (int i = 0; i < 200; ++i) EXPECT_EQ(bits_after_steps(context.get()), wanted);
  is_over = true;
  caller.join();
}

// ---- Many steps at once, steps within steps ---------------------------------------------------

TEST(host_pool, is_used_by_more_steps_at_once_than_it_has_gates) {
  const auto wanted = serial_bits();
  struct meeting {
    std::mutex mutex;
    std::condition_variable all_here;
    std::size_t here = 0;
  } pool;
  constexpr std::size_t steps = 80;
  // The first step of each thread waits in the pool until 64 threads wait there.
  const auto context = make_pool_context(
      [](void* p, std::size_t count, gradstep_task task, void* argument) {
        thread_local bool has_met = false;
        auto& self = *static_cast<meeting*>(p);
        if (!has_met) {
          has_met = true;
          std::unique_lock lock(self.mutex);
          if (++self.here == 64) self.all_here.notify_all();
          self.all_here.wait(lock, [&] { return self.here >= 64; });
        }
        for (std::size_t i = 0; i < count; ++i) task(argument, i);
      },
      &pool);
  std::vector<std::vector<std::uint64_t>> got(steps);
  std::vector<std::thread> threads;
  for (auto& bits : got) threads.emplace_back([&] { bits = bits_after_steps(context.get()); });
  for (auto& thread : threads) thread.join();
  for (const auto& bits : got) EXPECT_EQ(bits, wanted);
}

/// Its first call steps by the same context before it runs the tasks.
struct nesting_pool {
  const gradstep_context* context = nullptr;
  bool is_inside = false;
  std::vector<std::uint64_t> bits;
  static void run(void* pool, std::size_t count, gradstep_task task, void* argument) {
    auto& self = *static_cast<nesting_pool*>(pool);
    if (!std::exchange(self.is_inside, true)) self.bits = bits_after_steps(self.context);
    for (std::size_t i = 0; i < count; ++i) task(argument, i);
  }
};

TEST(host_pool, steps_within_a_step) {
  nesting_pool pool;
  const auto context = make_pool_context(nesting_pool::run, &pool);
  pool.context = context.get();
  const auto wanted = serial_bits();
  EXPECT_EQ(bits_after_steps(context.get()), wanted);
  EXPECT_EQ(pool.bits, wanted);
}

// ---- Threads that are cancelled ---------------------------------------------------------------

struct cancelled_step {
  context_handle context;
  std::vector<std::uint64_t> bits;
  static void test_cancel(void* pool, std::size_t count, gradstep_task task, void* argument) {
    task(argument, 0);
    pthread_cancel(pthread_self());
    pthread_testcancel();  // as every wait on a condition does
    for (std::size_t i = 1; i < count; ++i) task(argument, i);
    static_cast<void>(pool);
  }
  static void* run(void* self) {
    auto& step = *static_cast<cancelled_step*>(self);
    step.bits = bits_after_steps(step.context.get());
    pthread_testcancel();
    return nullptr;
  }
};

TEST(host_pool, is_cancelled_and_the_step_is_done_first) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer takes the stack of a cancelled thread for that of live functions";
#endif
  cancelled_step step;
  step.context = make_pool_context(cancelled_step::test_cancel);
  pthread_t thread;
  ASSERT_EQ(pthread_create(&thread, nullptr, cancelled_step::run, &step), 0);
  void* result = nullptr;
  ASSERT_EQ(pthread_join(thread, &result), 0);
  EXPECT_EQ(result, PTHREAD_CANCELED);
  EXPECT_EQ(step.bits, serial_bits());
}

void* create_when_cancelled(void* context) {
  pthread_cancel(pthread_self());
  gradstep_context_create(nullptr, static_cast<gradstep_context**>(context));
  pthread_testcancel();
  return nullptr;
}

TEST(context, is_created_by_a_thread_that_is_being_cancelled) {
  gradstep_context* context = nullptr;
  pthread_t thread;
  ASSERT_EQ(pthread_create(&thread, nullptr, create_when_cancelled, &context), 0);
  void* result = nullptr;
  ASSERT_EQ(pthread_join(thread, &result), 0);
  EXPECT_EQ(result, PTHREAD_CANCELED);
  const context_handle created(context);
  EXPECT_NE(created, nullptr);
}

}  // namespace
}  // namespace gradstep_test
