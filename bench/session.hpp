// SPDX-License-Identifier: Apache-2.0
//
// Measures a case: runs the roof, the step, its arithmetic and its rivals in turns.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "cases.hpp"
#include "figures.hpp"
#include "in_cache_steps.hpp"
#include "roof.hpp"
#include "workload.hpp"

namespace bench {

/// Keeps what cases share: memory, threads, contexts, and the ranking of the roofs.
class session {
 public:
  /// Comes to the case once.
  visit measure(const bench_case& c);

 private:
  team& threads_of(std::size_t thread_count, placement placed);
  const gradstep::context& context_of(const std::string& isa, std::size_t thread_count,
                                      placement placed = placement::free);
  /// The two fastest roofs of a first trial. The measurement itself decides between them.
  std::vector<roof> best_roofs(const workload& w, team& threads, placement placed);
  std::vector<contender> rivals_of(const bench_case& c, const gradstep::rule& rule,
                                   const workload& w, team& threads);
  contender rival_rule(const bench_case& c, team& threads);
  contender rival_step(const bench_case& c, const gradstep::rule& rule, team& threads);

  arrays memory_;
  arrays rivals_memory_;
  thread_arrays cached_memory_;
  std::map<std::tuple<std::size_t, bool>, std::unique_ptr<team>> teams_;
  std::map<std::tuple<std::string, std::size_t, bool>, gradstep::context> contexts_;
  std::map<std::string, std::vector<std::size_t>> ranked_roofs_;  // by roof_key
};

/// The bytes that one step of the case moves, and those of all its arrays.
struct case_bytes {
  double per_element;
  std::size_t of_arrays;
};
case_bytes bytes_of(const bench_case& c);

}  // namespace bench
