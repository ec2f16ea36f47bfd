// SPDX-License-Identifier: Apache-2.0
//
// The CPUs that threads may run on, and contexts that bind their threads to CPUs.
#pragma once

#include <dirent.h>
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <vector>

#include "support/context_setup.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {

/// cpus[n]: the set has CPU n.
using cpus = std::vector<bool>;

inline cpus cpus_of(pid_t thread) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(thread, sizeof set, &set) != 0) return {};
  cpus result(CPU_SETSIZE);
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) result[cpu] = CPU_ISSET(cpu, &set);
  return result;
}

inline std::size_t count(const cpus& set) {
  return static_cast<std::size_t>(std::count(set.begin(), set.end(), true));
}

/// Binds a thread to the n-th CPU of its set.
inline void bind_to(pid_t thread, std::size_t n) {
  const cpus before = cpus_of(thread);
  cpu_set_t one;
  CPU_ZERO(&one);
  for (std::size_t cpu = 0; cpu < before.size(); ++cpu) {
    if (before[cpu] && n-- == 0) CPU_SET(cpu, &one);
  }
  ASSERT_EQ(sched_setaffinity(thread, sizeof one, &one), 0);
}

inline std::map<pid_t, cpus> cpus_of_all_threads() {
  std::map<pid_t, cpus> all;
  DIR* folder = opendir("/proc/self/task");
  while (const dirent* entry = readdir(folder)) {
    const pid_t thread = std::atoi(entry->d_name);
    if (thread > 0) all[thread] = cpus_of(thread);
  }
  closedir(folder);
  std::erase_if(all,
                [](const auto& thread) { return thread.second.empty(); });  // the thread has ended
  return all;
}

/// The CPUs of the process, counted before any test binds a thread.
inline const std::size_t cpu_count = count(cpus_of(0));

/// Steps with so much work that workers join.
inline void step_on(const gradstep_context* context, int rounds = 50) {
  const auto rule = make_rule("adamw");
  auto target = make_parameter("adamw", rule.get(), 16384, {});
  for (int i = 0; i < rounds; ++i) apply_one(context, rule.get(), target, at_step(1));
}

/// Of oneTBB's threads; without oneTBB, of a host's, which the library does not bind.
inline context_handle make_pinned_context(std::size_t thread_count = 4) {
  auto options = split_options(thread_count);
  if (has_own_threads()) options.flags |= GRADSTEP_CONTEXT_PIN_THREADS;
  return make_context(options);
}

inline void expect_unbound(const std::map<pid_t, cpus>& all) {
  for (const auto& [thread, set] : all) EXPECT_EQ(count(set), cpu_count) << "thread " << thread;
}

}  // namespace gradstep_test
