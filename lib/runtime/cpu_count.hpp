// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace gradstep::internal {

/// How many CPUs the process may use: its affinity, and its container's quota rounded up (cgroup
/// version 2 and 1). At least 1.
std::size_t usable_cpu_count();

}  // namespace gradstep::internal
