// SPDX-License-Identifier: Apache-2.0
//
// The complete step as one writes it without this library: one pass over memory per operation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bench_team.hpp"
#include "workload.hpp"

namespace bench {

/// A complete step of AdamW on a workload of complete_storage and complete_flags (dtype_cases.hpp).
/// Its numbers are those of apply_options(); the step count is constant.
class separate_step {
 public:
  separate_step(const workload& w, team& threads);
  void operator()();

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
  std::vector<double> sums_;  // one per piece
};

}  // namespace bench
