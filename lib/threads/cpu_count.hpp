// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace gradstep::internal {

/// How many CPUs the process may use: as many as its threads may run on, and no more than its
/// control groups' quota, rounded up. At least 1.
std::size_t usable_cpu_count();

}  // namespace gradstep::internal
