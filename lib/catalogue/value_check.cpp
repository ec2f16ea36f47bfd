// SPDX-License-Identifier: Apache-2.0
#include "catalogue/value_check.hpp"

#include <cmath>

#include "base/failure.hpp"
#include "base/text.hpp"

namespace gradstep::internal {
namespace {

bool is_within(const value_bounds& b, double value) {
  const bool above = b.minimum_excluded ? value > b.minimum : value >= b.minimum;
  const bool below = b.maximum_excluded ? value < b.maximum : value <= b.maximum;
  return above && below;
}

}  // namespace

// Here and wherever numbers are checked, isnan, isfinite or != comes before any comparison by
// order: such a comparison of a NaN raises an exception, which the host may have unmasked.
void check_value(const char* name, double value, const value_bounds& b) {
  if (b.kind == value_kind::flag) {
    if (value == 0 || value == 1) return;
    refuse(GRADSTEP_OUT_OF_RANGE, "%s = %s is neither 0 nor 1", name, to_text(value).text);
  }
  const bool wants_whole = b.kind == value_kind::integer;
  const bool is_whole = !wants_whole || std::floor(value) == value;
  if (!std::isnan(value) && is_within(b, value) && is_whole) return;
  refuse(GRADSTEP_OUT_OF_RANGE, "%s = %s is %s %c%s, %s%c", name, to_text(value).text,
         wants_whole ? "no whole number in" : "outside", b.minimum_excluded ? '(' : '[',
         to_text(b.minimum).text, to_text(b.maximum).text, b.maximum_excluded ? ')' : ']');
}

}  // namespace gradstep::internal
