// SPDX-License-Identifier: Apache-2.0
//
// Contexts of a library that is built without oneTBB. The program has lib/threads/no_arenas.cpp, so
// every build of the tests has these.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/environment_value.hpp"
#include "support/host_pools.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "threads/cpu_count.hpp"

namespace gradstep_test {
namespace {

constexpr std::size_t pieces = 32;

std::vector<std::uint64_t> bits_after_a_step(const gradstep_context* context,
                                             std::uint64_t wanted_pieces) {
  const auto adamw = make_rule("adamw");
  auto target = make_parameter("adamw", adamw.get(), 64 * pieces, {});
  target.set_random_gradient(1);
  EXPECT_EQ(apply_one(context, adamw.get(), target, at_step(1)), wanted_pieces);
  return target.snapshot();
}

void expect_one_thread(const gradstep_context_options& options) {
  const auto context = make_context(options);
  const auto info = describe_context(context.get());
  EXPECT_EQ(info.thread_count, 1U);
  EXPECT_STREQ(info.threading, "calling thread");
  EXPECT_FALSE(bits_after_a_step(context.get(), 1).empty());
}

void expect_refused(const gradstep_context_options& options,
                    const std::vector<std::string>& words) {
  gradstep_context* context = nullptr;
  expect_failure(gradstep_context_create(&options, &context), GRADSTEP_UNSUPPORTED, words);
  EXPECT_EQ(context, nullptr);
}

TEST(no_arenas, a_context_has_one_thread_by_default) {
  expect_one_thread(sized<gradstep_context_options>());
  expect_one_thread(serial_options());
  const environment_value variable("GRADSTEP_THREADS", "1");
  expect_one_thread(sized<gradstep_context_options>());
}

TEST(no_arenas, there_is_nothing_to_pin) {
  auto options = sized<gradstep_context_options>();
  options.flags = GRADSTEP_CONTEXT_PIN_THREADS;
  expect_one_thread(options);
}

TEST(no_arenas, several_threads_need_a_pool) {
  auto options = sized<gradstep_context_options>();
  options.thread_count = 2;
  expect_refused(options, {"2 threads", "oneTBB", "options.parallel_for", "options.thread_count"});
  options.thread_count = 0;
  const environment_value variable("GRADSTEP_THREADS", "7");
  expect_refused(options, {"7 threads", "oneTBB", "GRADSTEP_THREADS"});
}

TEST(no_arenas, there_is_no_arena_of_the_caller) {
  auto options = sized<gradstep_context_options>();
  options.flags = GRADSTEP_CONTEXT_CALLER_ARENA;
  expect_refused(options, {"GRADSTEP_CONTEXT_CALLER_ARENA", "oneTBB"});
}

TEST(no_arenas, a_pool_of_the_host_gives_threads) {
  counting_pool pool;
  auto options = split_options(1);
  options.thread_count = 4;
  options.parallel_for = run_on_new_threads;
  options.pool = &pool;
  const auto context = make_context(options);
  const auto info = describe_context(context.get());
  EXPECT_EQ(info.thread_count, 4U);
  EXPECT_STREQ(info.threading, "host pool");
  EXPECT_EQ(bits_after_a_step(context.get(), pieces), bits_after_a_step(serial_context(), 1));
  EXPECT_EQ(pool.tasks, 4U);
}

TEST(no_arenas, a_pool_of_the_host_is_asked_for_a_thread_per_cpu) {
  auto options = sized<gradstep_context_options>();
  options.parallel_for = run_on_a_thread_each;
  EXPECT_EQ(threads_of(make_context(options).get()), gradstep::internal::usable_cpu_count());
  const environment_value variable("GRADSTEP_THREADS", "5");
  EXPECT_EQ(threads_of(make_context(options).get()), 5U);
}

}  // namespace
}  // namespace gradstep_test
