// SPDX-License-Identifier: Apache-2.0
//
// The time of a step's arithmetic: the same step on arrays that fit the nearest caches, by as many
// threads at once, each on arrays of its own.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "bench_team.hpp"
#include "cases.hpp"
#include "reused_arrays.hpp"
#include "stepper.hpp"
#include "workload.hpp"

namespace bench {

/// The memory of in_cache_steps, used by one case after the other: that of each thread.
using thread_arrays = std::deque<arrays>;

class in_cache_steps {
 public:
  /// `alone` is a context of the case's instruction set with one thread. All arguments must outlive
  /// the object.
  in_cache_steps(const bench_case& c, const gradstep::rule& rule, const gradstep::context& alone,
                 thread_arrays& memory, team& threads);

  /// Steps the arrays of all threads, several times.
  void operator()();
  /// Sets the gradients to their first values again, for steps that zero them.
  void refill_grad();

  /// The elements of all steps of one call.
  std::size_t element_count() const;

 private:
  team* threads_;
  team alone_{1};
  std::deque<workload> workloads_;  // of each thread
  std::vector<stepper> steppers_;
};

}  // namespace bench
