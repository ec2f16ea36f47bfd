// SPDX-License-Identifier: Apache-2.0
#include "bound_thread.hpp"

#include "facts/topology.hpp"

#if defined(__linux__)
#include <sched.h>
#endif

namespace bench {

#if defined(__linux__)
namespace {

constexpr int most_cpus = 8192;  // the most that Linux can be built for

struct cpu_sets {
  cpu_set_t sets[most_cpus / CPU_SETSIZE] = {};
};

}  // namespace

bool bind_this_thread(const std::vector<int>& cpus) {
  cpu_sets all;
  for (const int cpu : cpus) CPU_SET_S(cpu, sizeof all.sets, all.sets);
  return sched_setaffinity(0, sizeof all.sets, all.sets) == 0;
}
#else
bool bind_this_thread(const std::vector<int>&) { return false; }
#endif

bound_thread::bound_thread(int cpu) {
  if (cpu == unbound) return;
  before_ = usable_cpus();
  if (!before_.empty() && !bind_this_thread({cpu})) before_.clear();
}

bound_thread::~bound_thread() {
  if (!before_.empty()) bind_this_thread(before_);
}

}  // namespace bench
