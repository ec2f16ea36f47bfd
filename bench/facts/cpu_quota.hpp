// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

namespace bench {

/// The number of CPUs whose time this process may use, by the quota of its cgroup (version 1 or 2)
/// and of the groups around it: the smallest, rounded up. Nothing: there is no quota. root is the
/// folder that holds /proc and /sys.
std::optional<int> cpu_quota(const std::filesystem::path& root = "/");

}  // namespace bench
