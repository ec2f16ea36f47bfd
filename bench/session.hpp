// SPDX-License-Identifier: Apache-2.0
//
// Measures a case: runs the roof, the step and its rivals in turns.
#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "cases.hpp"
#include "roof.hpp"
#include "workload.hpp"

namespace bench {

/// Keeps what cases share: memory, threads, contexts, and the ranking of the roofs.
class session {
 public:
  /// The whole measurement is one iteration of Google Benchmark, whose own loop would choose the
  /// number of rounds by the time of one contender. The iteration's time is the step's median.
  void run(const bench_case& c, benchmark::State& state);

 private:
  team& threads_of(std::size_t thread_count);
  const gradstep::context& context_of(const std::string& isa, std::size_t thread_count);
  /// The two fastest roofs of a first trial. The measurement itself decides between them.
  std::vector<roof> best_roofs(const workload& w, team& threads);
  std::vector<contender> contenders_of(const bench_case& c, const gradstep::rule& rule,
                                       const workload& w, team& threads);
  /// The case's step and that of its rival rule.
  std::vector<contender> rule_contenders(const bench_case& c, const gradstep::rule& rule,
                                         const workload& w, team& threads);
  void add_rivals(const bench_case& c, const gradstep::rule& rule, const workload& w, team& threads,
                  std::vector<contender>& contenders);

  arrays memory_;
  arrays rivals_memory_;
  std::map<std::size_t, std::unique_ptr<team>> teams_;
  std::map<std::tuple<std::string, std::size_t>, gradstep::context> contexts_;
  std::map<std::string, std::vector<std::size_t>> ranked_roofs_;  // by roof_key
};

}  // namespace bench
