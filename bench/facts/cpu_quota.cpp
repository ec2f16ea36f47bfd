// SPDX-License-Identifier: Apache-2.0
#include "cpu_quota.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include "system_files.hpp"

namespace bench {
namespace {

namespace fs = std::filesystem;

using quota = std::optional<long long>;
using quota_reader = quota (*)(const fs::path& group);

quota cpus_rounded_up(const quota& microseconds, const quota& period) {
  if (!microseconds || !period || *microseconds <= 0 || *period <= 0) return std::nullopt;
  return (*microseconds - 1) / *period + 1;
}

/// Version 1. A quota of -1 is none.
quota read_cfs_quota(const fs::path& group) {
  return cpus_rounded_up(read_integer(group / "cpu.cfs_quota_us"),
                         read_integer(group / "cpu.cfs_period_us"));
}

/// Version 2: the quota and the period in one line. The quota "max" is none.
quota read_cpu_max(const fs::path& group) {
  std::istringstream line(read_line(group / "cpu.max").value_or(""));
  std::string microseconds, period;
  line >> microseconds >> period;
  return cpus_rounded_up(parse_integer(microseconds), parse_integer(period));
}

quota smaller(const quota& a, const quota& b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

/// Of the group and all groups around it. In a container, the group's name may be the one outside,
/// which is not there inside: the container's own group is then the root of what is mounted.
quota smallest_quota(const fs::path& mount, fs::path group, quota_reader read) {
  quota smallest = read(mount);
  for (; !group.empty(); group = group.parent_path()) {
    smallest = smaller(smallest, read(mount / group));
  }
  return smallest;
}

bool lists_cpu(const std::string& controllers) {
  return ("," + controllers + ",").find(",cpu,") != std::string::npos;
}

/// Of one line of /proc/self/cgroup, as "4:cpu,cpuacct:/group", or "0::/group" for version 2.
quota quota_of_line(const fs::path& mounts, const std::string& line) {
  const std::size_t first = line.find(':');
  const std::size_t second = line.find(':', first + 1);
  if (first == std::string::npos || second == std::string::npos) return std::nullopt;
  const std::string controllers = line.substr(first + 1, second - first - 1);
  const fs::path group = fs::path(line.substr(second + 1)).relative_path();
  if (controllers.empty()) return smallest_quota(mounts, group, read_cpu_max);
  if (!lists_cpu(controllers)) return std::nullopt;
  return smaller(smallest_quota(mounts / "cpu", group, read_cfs_quota),
                 smallest_quota(mounts / controllers, group, read_cfs_quota));
}

}  // namespace

std::optional<int> cpu_quota(const fs::path& root) {
  std::ifstream groups(root / "proc/self/cgroup");
  quota smallest;
  for (std::string line; std::getline(groups, line);) {
    smallest = smaller(smallest, quota_of_line(root / "sys/fs/cgroup", line));
  }
  if (!smallest) return std::nullopt;
  return static_cast<int>(std::min<long long>(*smallest, 1 << 16));
}

}  // namespace bench
