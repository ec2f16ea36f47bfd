// SPDX-License-Identifier: Apache-2.0
//
// Children of a process whose other threads step. A child has only the thread that forked. It steps
// on that thread alone, with the same bits, and waits for nothing.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(GRADSTEP_TBB)
#include <tbb/parallel_for.h>
#endif

#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <thread>
#include <vector>

#include "support/context_setup.hpp"
#include "support/host_pools.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {
namespace {

constexpr std::size_t pieces = 64;
constexpr int children = 100;
constexpr std::size_t arena_threads =
    2;  // as many as there are threads that step, so the arena has no place left

/// The exit status of a child process that exits with body()'s result; -1 for a crash, -2 for a
/// hang.
template <class Body>
int in_child(const Body& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(body());
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  if (WIFSIGNALED(status)) return WTERMSIG(status) == SIGALRM ? -2 : -1;
  return WEXITSTATUS(status);
}

/// A parameter that adamw steps.
class model {
 public:
  std::vector<std::uint64_t> bits_after_steps(const gradstep_context* context) {
    auto target = start_;
    for (std::uint64_t step = 1; step <= 3; ++step) {
      target.set_random_gradient(step);
      apply_one(context, rule_.get(), target, at_step(step));
    }
    return target.snapshot();
  }
  double norm(const gradstep_context* context) {
    auto result = sized<gradstep_norm_result>();
    const auto view = start_.view();
    EXPECT_EQ(gradstep_gradient_norm(context, &view.tensor, 1, &result), GRADSTEP_OK);
    return result.norm;
  }

 private:
  rule_handle rule_ = make_rule("adamw");
  parameter start_ = make_parameter("adamw", rule_.get(), 64 * pieces, {});
};

/// A thread that steps by a context until this object is destroyed.
class busy_thread {
 public:
  explicit busy_thread(const gradstep_context* context)
      : thread_([this, context] {
          const auto rule = make_rule("adamw");
          auto target = make_parameter("adamw", rule.get(), 65536, {});
          const auto view = target.view();
          while (!is_over_) {
            apply_list(context, rule.get(), {view.tensor}, at_step(1));
            ++rounds_;
          }
        }) {
    while (rounds_ == 0) std::this_thread::yield();
  }
  ~busy_thread() {
    is_over_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> is_over_ = false;
  std::atomic<std::size_t> rounds_ = 0;
  std::thread thread_;
};

/// What every child does; 0 when all results are right.
int step_in_child(model& m, gradstep_context* inherited, const gradstep_context_options& options,
                  const std::vector<std::uint64_t>& wanted, double wanted_norm) {
  if (m.bits_after_steps(inherited) != wanted) return 1;
  if (m.norm(inherited) != wanted_norm) return 2;
  const std::size_t threads = threads_of(inherited);
  gradstep_context_destroy(inherited);
  const auto own = make_context(options);
  if (m.bits_after_steps(own.get()) != wanted) return 3;
  return threads == 1 ? 0 : 4;
}

void check_children(const gradstep_context_options& options) {
  auto context = make_context(options);
  model m;
  const auto wanted = m.bits_after_steps(make_serial_context().get());
  const double norm = m.norm(context.get());
  EXPECT_EQ(m.bits_after_steps(context.get()), wanted);
  const busy_thread busy(context.get()), another(context.get());
  for (int i = 0; i < children; ++i) {
    const int status =
        in_child([&] { return step_in_child(m, context.get(), options, wanted, norm); });
    ASSERT_EQ(status, 0) << "child " << i;
  }
  EXPECT_EQ(m.bits_after_steps(context.get()), wanted) << "in the parent, afterwards";
}

TEST(fork, own_arena_or_a_pool_without_threads) { check_children(split_options(arena_threads)); }

TEST(fork, own_arena_with_pinned_threads) {
  if (!has_own_threads()) GTEST_SKIP() << "a build without oneTBB";
  auto options = split_options(arena_threads);
  options.flags |= GRADSTEP_CONTEXT_PIN_THREADS;
  check_children(options);
}

TEST(fork, callers_arena) {
  if (!has_own_threads()) GTEST_SKIP() << "a build without oneTBB";
  auto options = split_options(arena_threads);
  options.flags |= GRADSTEP_CONTEXT_CALLER_ARENA;
  check_children(options);
}

/// A pool with one thread. A child does not have that thread, so there a caller would wait for
/// ever.
class one_thread_pool {
 public:
  one_thread_pool() : thread_([this] { work(); }) {}
  ~one_thread_pool() {
    is_over_ = true;
    thread_.join();
  }
  static void run(void* pool, std::size_t count, gradstep_task task, void* argument) {
    auto& self = *static_cast<one_thread_pool*>(pool);
    const job j{count, task, argument};
    const job* none = nullptr;
    while (!self.job_.compare_exchange_weak(none, &j)) none = nullptr;
    while (self.done_ != &j) std::this_thread::yield();
    self.done_ = nullptr;
  }

 private:
  struct job {
    std::size_t count;
    gradstep_task task;
    void* argument;
  };
  void work() {
    while (!is_over_) {
      const job* j = job_;
      if (j == nullptr || done_ != nullptr) {
        std::this_thread::yield();
        continue;
      }
      for (std::size_t i = 0; i < j->count; ++i) j->task(j->argument, i);
      done_ = j;
      job_ = nullptr;
    }
  }

  std::atomic<bool> is_over_ = false;
  std::atomic<const job*> job_ = nullptr;
  std::atomic<const job*> done_ = nullptr;
  std::thread thread_;
};

TEST(fork, host_pool) {
  one_thread_pool pool;
  auto options = split_options(arena_threads);
  options.parallel_for = one_thread_pool::run;
  options.pool = &pool;
  const auto context = make_context(options);
  model m;
  const auto wanted = m.bits_after_steps(make_serial_context().get());
  const busy_thread busy(context.get()), another(context.get());
  for (int i = 0; i < children; ++i) {
    const int status = in_child([&] {
      if (m.bits_after_steps(context.get()) != wanted) return 1;
      return threads_of(context.get()) == 1 ? 0 : 2;
    });
    ASSERT_EQ(status, 0) << "child " << i;
  }
}

TEST(fork, a_pool_that_the_child_brings_is_used) {
#if defined(GRADSTEP_EMULATED)
  GTEST_SKIP() << "QEMU aborts where a forked child starts threads";
#endif
  const auto parent = make_context(split_options(arena_threads));
  model m;
  const auto wanted = m.bits_after_steps(parent.get());
  const int status = in_child([&] {
    counting_pool pool;
    auto options = split_options(8);
    options.parallel_for = run_on_new_threads;
    options.pool = &pool;
    const auto context = make_context(options);
    if (threads_of(context.get()) != 8) return 1;
    if (m.bits_after_steps(context.get()) != wanted) return 2;
    return pool.tasks > 3 ? 0 : 3;
  });
  EXPECT_EQ(status, 0);
}

TEST(fork, a_child_of_a_child) {
  const auto context = make_context(split_options(arena_threads));
  model m;
  const auto wanted = m.bits_after_steps(make_serial_context().get());
  const busy_thread busy(context.get()), another(context.get());
  for (int i = 0; i < children / 4; ++i) {
    const int status = in_child([&] {
      const auto own = make_context(split_options(arena_threads));
      if (m.bits_after_steps(own.get()) != wanted) return 1;
      return in_child([&] {
        if (m.bits_after_steps(context.get()) != wanted) return 2;
        return m.bits_after_steps(own.get()) == wanted ? 0 : 3;
      });
    });
    ASSERT_EQ(status, 0) << "child " << i;
  }
}

// The thread that forks has not stepped on several threads itself. If it had, oneTBB's exit handler
// would end what oneTBB had begun for it, and might wait for a lock that the parent holds.
TEST(fork, a_child_that_runs_its_exit_handlers) {
  context_handle context;
  std::thread([&] { context = make_context(split_options(arena_threads)); }).join();
  model m;
  const auto wanted = m.bits_after_steps(make_serial_context().get());
  const busy_thread busy(context.get()), another(context.get());
  int status = 0;
  std::thread([&] {
    for (int i = 0; i < children && status == 0; ++i) {
      status = in_child([&] {
        static gradstep_context* inherited = context.get();
        std::atexit([] { gradstep_context_destroy(inherited); });
        std::exit(m.bits_after_steps(inherited) == wanted ? 0 : 1);
        return 2;
      });
    }
  }).join();
  EXPECT_EQ(status, 0);
}

#if defined(GRADSTEP_TBB)
TEST(fork, from_within_a_task_of_the_hosts) {
  const auto context = make_context(split_options(arena_threads));
  model m;
  const auto wanted = m.bits_after_steps(make_serial_context().get());
  const busy_thread busy(context.get()), another(context.get());
  std::atomic<int> wrong = 0;
  tbb::parallel_for(0, 8, [&](int) {
    model own;
    if (in_child([&] { return own.bits_after_steps(context.get()) == wanted ? 0 : 1; }) != 0) {
      ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}
#endif

TEST(fork, contexts_that_are_made_and_destroyed_meanwhile) {
  std::atomic<bool> is_over = false;
  std::thread maker([&] {
    model own;
    while (!is_over) own.bits_after_steps(make_context(split_options(arena_threads)).get());
  });
  model m;
  const auto wanted = m.bits_after_steps(make_serial_context().get());
  int status = 0;
  for (int i = 0; i < children && status == 0; ++i) {
    status = in_child([&] {
      const auto context = make_context(split_options(arena_threads));
      return m.bits_after_steps(context.get()) == wanted ? 0 : 1;
    });
  }
  is_over = true;
  maker.join();
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace gradstep_test
