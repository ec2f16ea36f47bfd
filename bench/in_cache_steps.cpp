// SPDX-License-Identifier: Apache-2.0
#include "in_cache_steps.hpp"

namespace bench {
namespace {

/// Of a thread. Small enough for a core's own caches in every dtype, and large enough that a call's
/// fixed cost is a few percent. A matrix has long rows, as a large one has.
layout cached_layout(const layout& tensors) {
  return tensors.columns == 0 ? flat_layout(medium_size) : matrix_layout(16, medium_size / 16);
}

/// So many that threads that come late do not count.
std::size_t tasks_of(std::size_t threads) { return threads == 1 ? 1 : 32 * threads; }

}  // namespace

in_cache_steps::in_cache_steps(const bench_case& c, const gradstep::rule& rule,
                               const gradstep::context& alone, thread_arrays& memory, team& threads)
    : threads_(&threads) {
  const layout tensors = cached_layout(c.tensors);
  while (memory.size() < threads.thread_count()) memory.emplace_back();
  for (std::size_t i = 0; i < threads.thread_count(); ++i) {
    const workload& w =
        workloads_.emplace_back(rule, c.stored, c.flags, tensors, memory[i], alone_);
    steppers_.emplace_back(alone, rule, w.tensors(), apply_options(c.flags));
  }
}

void in_cache_steps::operator()() {
  threads_->run_tasks(tasks_of(steppers_.size()),
                      [this](std::size_t, std::size_t thread) { steppers_[thread](); });
}

void in_cache_steps::refill_grad() {
  for (const workload& w : workloads_) w.refill_grad(alone_);
}

std::size_t in_cache_steps::element_count() const {
  return workloads_.front().count() * tasks_of(steppers_.size());
}

}  // namespace bench
