// SPDX-License-Identifier: Apache-2.0
//
// A learning rate that is lowered when a metric stops improving: PyTorch's ReduceLROnPlateau.
#pragma once

#include <cstdint>

#include "base/hyperparameter.hpp"

namespace gradstep::internal {

/// Settings and state; the defaults are PyTorch's.
struct plateau {
  double lr;  // the present one
  double factor = 0.1;
  double threshold = 1e-4;
  double min_lr = 0;
  double eps = 1e-8;
  double best = infinity;  // the best metric so far
  std::uint64_t patience = 10;
  std::uint64_t cooldown = 0;
  std::uint64_t bad_count = 0;      // bad reports in a row
  std::uint64_t cooldown_left = 0;  // reports that still do not count
  std::int32_t maximizes = 0;       // 1: a larger metric is better
  std::int32_t is_absolute = 0;     // 1: the threshold is a difference, not a part of |best|
};

/// Throws failure (OUT_OF_RANGE) for a field outside its bounds.
void check_plateau(const plateau& p);

/// Reports a metric to a plateau that has passed the check. Returns whether lr was lowered.
bool report_metric(plateau& p, double metric) noexcept;

}  // namespace gradstep::internal
