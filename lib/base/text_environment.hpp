// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cfenv>

#include "base/float_environment.hpp"

namespace gradstep::internal {

/// What the host has set must not reach numbers that become text, which are compared with 0, or are
/// made of it, which are rounded.
class text_environment {
 public:
  text_environment() { std::fesetround(FE_TONEAREST); }
  ~text_environment() { std::fesetround(rounding_); }
  text_environment(const text_environment&) = delete;
  text_environment& operator=(const text_environment&) = delete;

 private:
  // On x86-64 the C library's strtod follows the x87 unit's mode, which the first leaves alone. It
  // comes first, for its destructor is the last to set the other unit's mode.
  float_environment environment_{false};
  int rounding_ = std::fegetround();
};

}  // namespace gradstep::internal
