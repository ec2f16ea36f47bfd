// SPDX-License-Identifier: Apache-2.0
//
// A context has no more threads than the host allows oneTBB.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <cstddef>

#include "support/context_setup.hpp"
#include "threads/cpu_sets.hpp"

namespace gradstep_test {
namespace {

TEST(thread_limit_of_the_host, is_kept_and_nothing_is_printed) {
  testing::internal::CaptureStderr();
  for (const std::size_t limit : {1, 2}) {
    const tbb::global_control control(tbb::global_control::max_allowed_parallelism, limit);
    const auto context = make_context(split_options(64));
    EXPECT_LE(threads_of(context.get()), limit);
    step_on(context.get());
  }
  tbb::task_arena arena(2);
  arena.execute([] {
    auto options = split_options(64);
    options.flags |= GRADSTEP_CONTEXT_CALLER_ARENA;
    const auto context = make_context(options);
    step_on(context.get());
  });
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(thread_limit_of_the_host, may_be_above_the_number_of_cpus) {
  testing::internal::CaptureStderr();
  {
    const tbb::global_control control(tbb::global_control::max_allowed_parallelism, 5);
    const auto context = make_context(split_options(64));
    EXPECT_EQ(threads_of(context.get()), 5U);
    step_on(context.get());
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace gradstep_test
