// SPDX-License-Identifier: Apache-2.0
#include "schedules/plateau.hpp"

#include <algorithm>
#include <cmath>

#include "base/failure.hpp"
#include "base/float_environment.hpp"
#include "base/text.hpp"
#include "catalogue/value_check.hpp"

namespace gradstep::internal {
namespace {

/// A metric is an improvement if it is below this bound; with maximizes, above it. The bound is
/// PyTorch's, except for a relative threshold and a negative best: PyTorch's then lies on the wrong
/// side of best.
double bound(const plateau& p) {
  if (std::isinf(p.best)) return p.best;
  const double sign = p.maximizes != 0 ? 1 : -1;
  if (p.is_absolute != 0) return p.best + sign * p.threshold;
  return p.best * (1 + (p.best < 0 ? -sign : sign) * p.threshold);
}

void count_report(plateau& p, double metric) {
  const double limit = bound(p);
  if (std::isfinite(metric) && (p.maximizes != 0 ? metric > limit : metric < limit)) {
    p.best = metric;
    p.bad_count = 0;
  } else if (p.bad_count < UINT64_MAX) {
    ++p.bad_count;
  }
  if (p.cooldown_left > 0) {
    --p.cooldown_left;
    p.bad_count = 0;
  }
}

bool report(plateau& p, double metric) {
  count_report(p, metric);
  if (p.bad_count <= p.patience) return false;
  p.bad_count = 0;
  p.cooldown_left = p.cooldown;
  const double lowered = std::max(p.lr * p.factor, p.min_lr);
  if (!(p.lr - lowered > p.eps)) return false;
  p.lr = lowered;
  return true;
}

}  // namespace

void check_plateau(const plateau& p) {
  check_value("plateau.lr", p.lr, at_least(0));
  check_value("plateau.factor", p.factor, open_interval(0, 1));
  check_value("plateau.threshold", p.threshold, at_least(0));
  check_value("plateau.min_lr", p.min_lr, at_least(0));
  check_value("plateau.eps", p.eps, at_least(0));
  check_value("plateau.maximizes", p.maximizes, zero_or_one());
  check_value("plateau.is_absolute", p.is_absolute, zero_or_one());
  const double worst = p.maximizes != 0 ? -infinity : infinity;
  if (std::isfinite(p.best) || p.best == worst) return;
  refuse(GRADSTEP_OUT_OF_RANGE, "plateau.best = %s is neither finite nor %s", to_text(p.best).text,
         p.maximizes != 0 ? "-inf, where maximizes = 1 begins" : "inf, where maximizes = 0 begins");
}

bool report_metric(plateau& p, double metric) noexcept {
  return in_step_environment(false, [&] { return report(p, metric); });
}

}  // namespace gradstep::internal
