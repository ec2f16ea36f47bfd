// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "catalogue/hyperparameter.hpp"

namespace gradstep::internal {

/// Throws failure (OUT_OF_RANGE) unless the value is within the bounds. The sentence calls the
/// value `name`.
void check_value(const char* name, double value, const value_bounds& bounds);

}  // namespace gradstep::internal
