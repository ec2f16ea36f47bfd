// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace gradstep::internal {

/// The CPUs' worth of time that the control groups of this process allow it: the smallest quota
/// over period of its group and the groups around that, as far as they are mounted; infinity
/// without one. Version 1, version 2 and both at once. What is missing or malformed is no limit.
/// root: the folder that /proc and the mounts are found in; "" for the system's.
double cgroup_quota(const std::string& root);

}  // namespace gradstep::internal
