// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cfenv>

#include "base/float_environment.hpp"

namespace gradstep::internal {

/// The floating-point environment for turning numbers into text and back, whatever the host has
/// set. While it lives, both units of x86-64 round to nearest, denormals are kept and nothing
/// traps.
class text_environment {
 public:
  text_environment() { std::fesetround(FE_TONEAREST); }
  ~text_environment() { std::fesetround(rounding_); }
  text_environment(const text_environment&) = delete;
  text_environment& operator=(const text_environment&) = delete;

 private:
  // float_environment leaves the x87 unit's rounding mode alone, which strtod follows on x86-64.
  // fesetround() sets both units' modes, so environment_ comes first: its destructor runs last and
  // restores the SSE unit's.
  float_environment environment_{false};
  int rounding_ = std::fegetround();
};

}  // namespace gradstep::internal
