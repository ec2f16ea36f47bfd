// SPDX-License-Identifier: Apache-2.0
#include "schedules/plateau.hpp"

#include <algorithm>
#include <cmath>

#include "base/failure.hpp"
#include "base/float_environment.hpp"
#include "base/text.hpp"
#include "catalogue/hyperparameter.hpp"

namespace gradstep::internal {
namespace {

[[noreturn]] void refuse(const char* field, double value, const char* reason) {
  throw failure(GRADSTEP_OUT_OF_RANGE,
                std::string("plateau.") + field + " = " + to_text(value).text + reason);
}

void check_not_negative(const char* field, double value) {
  if (!(std::isfinite(value) && value >= 0)) refuse(field, value, " is outside [0, inf)");
}

void check_flag(const char* field, std::int32_t value) {
  if (value != 0 && value != 1) refuse(field, value, " is neither 0 nor 1");
}

/// What a metric must be below, or above where a larger one is better. PyTorch's bound, but that a
/// negative best moves by a part of |best| too, not the wrong way.
double bound(const gradstep_plateau& p) {
  if (std::isinf(p.best)) return p.best;
  const double sign = p.maximizes != 0 ? 1 : -1;
  if (p.is_absolute != 0) return p.best + sign * p.threshold;
  return p.best * (1 + (p.best < 0 ? -sign : sign) * p.threshold);
}

void count_report(gradstep_plateau& p, double metric) {
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

[[gnu::noinline]] bool report(gradstep_plateau& p, double metric) {
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

void check_plateau(const gradstep_plateau& p) {
  check_not_negative("lr", p.lr);
  if (!(std::isfinite(p.factor) && p.factor > 0 && p.factor < 1))
    refuse("factor", p.factor, " is outside (0, 1)");
  check_not_negative("threshold", p.threshold);
  check_not_negative("min_lr", p.min_lr);
  check_not_negative("eps", p.eps);
  check_flag("maximizes", p.maximizes);
  check_flag("is_absolute", p.is_absolute);
  const double worst = p.maximizes != 0 ? -infinity : infinity;
  if (!std::isfinite(p.best) && p.best != worst) {
    refuse("best", p.best,
           p.maximizes != 0 ? " is neither finite nor -inf, where maximizes = 1 begins"
                            : " is neither finite nor inf, where maximizes = 0 begins");
  }
}

bool report_metric(gradstep_plateau& plateau, double metric) noexcept {
  const float_environment environment(false);
  return report(plateau, metric);
}

}  // namespace gradstep::internal
