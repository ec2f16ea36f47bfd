// SPDX-License-Identifier: Apache-2.0
//
// The complete step as one writes it without this library: a pass over memory for each thing that
// is to be done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "bench_team.hpp"
#include "workload.hpp"

namespace bench {

/// A pass and the bytes that it moves for an element.
using listed_pass = std::pair<std::string, double>;

/// One gradstep_apply's.
std::vector<listed_pass> fused_passes();

/// One complete step of AdamW on a workload of complete_storage and complete_flags
/// (mixed_cases.hpp), with the numbers of apply_options, at a constant step count.
class separate_step {
 public:
  separate_step(const workload& w, team& threads);
  void operator()();

  static const std::vector<listed_pass>& passes();

 private:
  bool unscale();
  double norm();
  template <class Work>
  void run(const Work& work) const;

  team* threads_;
  std::size_t count_;
  float* param_;
  float* grad_;
  float* exp_avg_;
  float* exp_avg_sq_;
  std::uint16_t* copy_;
  float* average_;
  std::vector<double> sums_;  // of the pieces
};

}  // namespace bench
