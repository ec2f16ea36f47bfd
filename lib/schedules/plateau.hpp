// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gradstep/gradstep.h>

namespace gradstep::internal {

/// Throws failure (OUT_OF_RANGE) if a field is outside its bounds. Ignores struct_size.
void check_plateau(const gradstep_plateau& plateau);

/// Reports a metric to a plateau that passes check_plateau. Returns whether lr was lowered.
bool report_metric(gradstep_plateau& plateau, double metric) noexcept;

}  // namespace gradstep::internal
