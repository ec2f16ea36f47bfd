// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "catalogue/hyperparameter.hpp"

namespace gradstep::internal {

/// Throws failure (OUT_OF_RANGE) unless the value, or number of a list, is within the bounds. The
/// sentence names it `name`.
void check_value(const hyperparameter& bounds, const char* name, double value);

inline void check_value(const hyperparameter& bounds, double value) {
  check_value(bounds, bounds.name, value);
}

}  // namespace gradstep::internal
