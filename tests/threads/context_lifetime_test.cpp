// SPDX-License-Identifier: Apache-2.0
//
// Contexts that many threads make and destroy at once, and contexts in destructors at the end of
// threads and of the process.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "support/context_setup.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "threads/cpu_sets.hpp"

namespace gradstep_test {
namespace {

TEST(context_lifetime, are_made_and_destroyed_by_many_threads_at_once) {
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

/// Its destructor steps: at the end of a thread, or after main.
struct late_step {
  context_handle context;
  ~late_step() {
    if (context != nullptr) step_on(context.get());
  }
};
late_step at_exit;
thread_local late_step at_thread_exit;

TEST(context_lifetime, step_and_end_in_static_and_thread_local_destructors) {
  at_exit.context = make_pinned_context();
  step_on(at_exit.context.get());
  for (int i = 0; i < 20; ++i) {
    std::thread([] { at_thread_exit.context = make_context(split_options(4)); }).join();
  }
}

}  // namespace
}  // namespace gradstep_test
