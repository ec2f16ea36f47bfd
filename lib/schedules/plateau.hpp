// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gradstep/gradstep.h>

namespace gradstep::internal {

/// Throws failure (OUT_OF_RANGE) for a field outside its bounds; struct_size is not looked at.
void check_plateau(const gradstep_plateau& plateau);

/// A report to a plateau that passed the check: whether lr was lowered.
bool report_metric(gradstep_plateau& plateau, double metric) noexcept;

}  // namespace gradstep::internal
