// SPDX-License-Identifier: Apache-2.0
#include "catalogue/value_check.hpp"

#include <cmath>

#include "base/failure.hpp"
#include "base/text.hpp"

namespace gradstep::internal {
namespace {

[[noreturn]] void refuse(const char* name, double value, const std::string& reason) {
  throw failure(GRADSTEP_OUT_OF_RANGE, std::string(name) + " = " + to_text(value).text + reason);
}

bool is_within(const hyperparameter& b, double value) {
  const bool above = b.minimum_excluded ? value > b.minimum : value >= b.minimum;
  const bool below = b.maximum_excluded ? value < b.maximum : value <= b.maximum;
  return above && below;
}

}  // namespace

// Here and wherever numbers are checked: what may be NaN is looked at with isnan, isfinite or !=
// first. To compare it by order raises an exception that a host may have unmasked.
void check_value(const hyperparameter& bounds, const char* name, double value) {
  const auto& b = bounds;
  if (b.kind == value_kind::flag) {
    if (value != 0 && value != 1) refuse(name, value, " is neither 0 nor 1");
    return;
  }
  const bool is_whole = b.kind != value_kind::integer || std::floor(value) == value;
  if (!std::isnan(value) && is_within(b, value) && is_whole) return;
  refuse(name, value,
         std::string(b.kind == value_kind::integer ? " is no whole number in " : " is outside ") +
             (b.minimum_excluded ? "(" : "[") + to_text(b.minimum).text + ", " +
             to_text(b.maximum).text + (b.maximum_excluded ? ")" : "]"));
}

}  // namespace gradstep::internal
