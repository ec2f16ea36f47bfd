// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace gradstep::internal {

/// How many CPUs' time the control groups of this process allow: the smallest quota / period of its
/// group and of all mounted groups around that one. Infinity: no limit. Reads version 1, version 2,
/// and both at once; missing or malformed files set no limit.
/// root: the folder that holds /proc and the mounts; "" for the system's own.
double cgroup_quota(const std::string& root);

}  // namespace gradstep::internal
